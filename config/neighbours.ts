import { z } from "zod";
import { overlap, parseCidr } from "./cidr.ts";
import type { Problem } from "./problems.ts";
import { undecidedAccount, type Settings } from "./schema.ts";
import type { StackFile } from "./stack-files.ts";

/** The facts that must differ between environments; anything else in a neighbour's file is its own business. */
const Facts = z.object({
  aws: z.object({ accountId: z.string() }).optional().catch(undefined),
  network: z.object({ cidr: z.string() }).optional().catch(undefined),
});

/**
 * What a stack's settings share with another environment's and must not: an AWS account, or addresses (the VPCs could
 * then never be peered).
 */
export function conflictsWith(settings: Settings, neighbours: readonly StackFile[]): Problem[] {
  const own = parseCidr(settings.network.cidr);
  return neighbours.flatMap((neighbour) => {
    const { aws, network } = Facts.parse(neighbour.settings);
    const other = network && parseCidr(network.cidr);
    const problems: Problem[] = [];
    if (aws && aws.accountId !== undecidedAccount && aws.accountId === settings.aws.accountId) {
      problems.push({
        key: "aws.accountId",
        found: JSON.stringify(settings.aws.accountId),
        allowed: `must not be the account of ${neighbour.environment} (${neighbour.file})`,
      });
    }
    if (network && own && other && overlap(own, other)) {
      problems.push({
        key: "network.cidr",
        found: JSON.stringify(settings.network.cidr),
        allowed: `must not overlap ${network.cidr} of ${neighbour.environment} (${neighbour.file})`,
      });
    }
    return problems;
  });
}
