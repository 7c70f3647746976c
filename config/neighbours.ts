import { overlap, parseCidr } from "./cidr.ts";
import { committed } from "./committed.ts";
import type { Problem } from "./problems.ts";
import { undecidedAccount, type Settings } from "./schema.ts";
import type { StackFile } from "./stack-files.ts";

/**
 * Returns what a stack's settings share with another environment's and must not: an AWS account, or addresses (the VPCs
 * could then never be peered). Nothing else in a neighbour's file is checked.
 */
export function conflictsWith(settings: Settings, neighbours: readonly StackFile[]): Problem[] {
  const own = parseCidr(settings.network.cidr);
  return neighbours.flatMap((neighbour) => {
    const { aws, network } = committed(neighbour);
    const other = network.cidr === undefined ? undefined : parseCidr(network.cidr);
    const problems: Problem[] = [];
    if (aws.accountId !== undecidedAccount && aws.accountId === settings.aws.accountId) {
      problems.push({
        key: "aws.accountId",
        found: JSON.stringify(settings.aws.accountId),
        allowed: `must not be the account of ${neighbour.environment} (${neighbour.file})`,
      });
    }
    if (own && other && overlap(own, other)) {
      problems.push({
        key: "network.cidr",
        found: JSON.stringify(settings.network.cidr),
        allowed: `must not overlap ${network.cidr ?? ""} of ${neighbour.environment} (${neighbour.file})`,
      });
    }
    return problems;
  });
}
