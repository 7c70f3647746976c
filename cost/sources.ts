import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Environment } from "../config/environments.ts";
import { messageOf } from "../lib/message-of.ts";
import type { PlannedResource } from "./estimate.ts";

const inputs = z.record(z.string(), z.unknown()).default({});

const Golden = z.array(z.object({ resource: z.string(), inputs }));

/**
 * Returns what the program registers for an environment, from its golden file, which a test keeps current.
 * @param root the repository's root
 * @throws Error that names the file when it is missing or not a golden file
 */
export function goldenResources(root: string, environment: Environment): PlannedResource[] {
  const file = `test/golden/${environment}.json`;
  try {
    const golden = Golden.parse(JSON.parse(readFileSync(join(root, file), "utf8")));
    return golden.map(({ resource, inputs: given }) => ({
      type: resource.split(" ")[0] ?? "",
      inputs: given,
    }));
  } catch (error) {
    throw new Error(`${file} is not a golden file: ${messageOf(error)}\nFix: make golden`, {
      cause: error,
    });
  }
}

/**
 * Returns the resources with another number of NAT gateways. It is the only other setting that changes the cost, and an
 * estimate then follows the settings even before the golden files are updated.
 * @param strategy as in `idp:network.natGateways`
 */
export function withNatGateways(
  resources: readonly PlannedResource[],
  strategy: string,
): PlannedResource[] {
  return resources.map((resource) =>
    resource.type === "awsx:ec2:Vpc"
      ? { ...resource, inputs: { ...resource.inputs, natGateways: { strategy } } }
      : resource,
  );
}

const State = z.object({ urn: z.string(), type: z.string(), inputs }).nullish();
const Preview = z.object({
  steps: z
    .array(z.object({ op: z.string(), urn: z.string(), oldState: State, newState: State }))
    .default([]),
});

/** The resources before and after a plan. */
export interface Plan {
  readonly before: readonly PlannedResource[];
  readonly after: readonly PlannedResource[];
}

/**
 * Returns the resources in the output of `pulumi preview --json --show-sames`. A replacement has several steps for one
 * resource; it counts once before and once after.
 * @throws Error when the text is not such an output
 */
export function previewResources(text: string): Plan {
  let parsed: z.infer<typeof Preview>;
  try {
    parsed = Preview.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `This is not a preview as JSON: ${messageOf(error)}\nFix: pulumi preview --json --show-sames > preview.json`,
      { cause: error },
    );
  }
  const before = new Map<string, PlannedResource>();
  const after = new Map<string, PlannedResource>();
  for (const { op, urn, oldState, newState } of parsed.steps) {
    if (op.startsWith("read")) continue;
    if (oldState) before.set(urn, { type: oldState.type, inputs: oldState.inputs });
    if (newState && !op.startsWith("delete")) {
      after.set(urn, { type: newState.type, inputs: newState.inputs });
    }
  }
  return { before: [...before.values()], after: [...after.values()] };
}
