import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { committed } from "../../config/committed.ts";
import type { Stack } from "../placeholders.ts";
import type { Resource } from "../rule.ts";
import { isMap } from "../values.ts";

/** A resource by what a line of policy/allowed says of it. */
export type Judged = Pick<Resource, "type" | "name" | "props">;

const Children = z.record(z.string(), z.object({ inputs: z.record(z.string(), z.unknown()) }));
const Contract = z.object({
  network: z.object({ children: Children, onePerAz: Children }),
  cluster: z.object({ children: Children }),
});

/** The settings by which the children were measured: test/fixtures/doubles/arguments.ts. */
const account = { accountId: "935743309409", region: "us-west-2" };
export const measured: Omit<Stack, "environment"> = {
  settings: committed({
    settings: { aws: account, cluster: { publicAccessCidrs: ["203.0.113.0/24"] } },
  }),
  registryHost: "",
};

/**
 * The resources that awsx.ec2.Vpc and eks.Cluster make, as measured, with the boundary on their roles. A run of the
 * program sees neither component from inside. Access entries come with the cluster's arguments instead.
 * @param root the repository's
 */
export function remoteChildren(root: string): Judged[] {
  const file = join(root, "test/fixtures/doubles/contract.json");
  const { network, cluster } = Contract.parse(JSON.parse(readFileSync(file, "utf8")));
  return [network.children, network.onePerAz, cluster.children]
    .flatMap((children) => Object.entries(children))
    .filter(([key]) => !key.startsWith("aws:eks/access"))
    .map(([key, { inputs }]) => {
      const [type = "", name = ""] = key.split(" ");
      const isRole = type === "aws:iam/role:Role";
      const boundary = `arn:aws:iam::${account.accountId}:policy/idp-boundary`;
      return {
        ...{ type, name },
        props: { ...resolved(inputs), ...(isRole && { permissionsBoundary: boundary }) },
      };
    });
}

function resolved(inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, outputIn(value)]));
}

/** What the contract writes for an output of another resource, as AWS would give it. */
function outputIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(outputIn);
  if (isMap(value)) return resolved(value);
  if (typeof value !== "string") return value;
  return value.replaceAll(/<\S+ ([^<>]+): (\w+)>/g, (_match, name: string, output: string) =>
    output === "arn" ? `arn:aws:iam::${account.accountId}:role/${name}` : name,
  );
}
