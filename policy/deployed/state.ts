import { z } from "zod";
import type { Resource } from "../rule.ts";
import { signature, unknownValue } from "../values.ts";

const State = z.object({
  type: z.string(),
  urn: z.string(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).default({}),
  protect: z.boolean().default(false),
  /** Waits for its deletion: another one has taken its place. */
  delete: z.boolean().default(false),
  /** Only read by the program, and made by somebody else. */
  external: z.boolean().default(false),
});

const Export = z.object({
  deployment: z.object({ resources: z.array(State).nullish() }).nullable(),
});

/** A resource of a stack's state. */
export interface DeployedResource extends Resource {
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * The resources that a stack made and has, from what `pulumi stack export` prints. Secrets are not known.
 * @throws Error when it is no export
 */
export function deployedResources(exported: unknown): DeployedResource[] {
  const parsed = Export.safeParse(exported);
  if (!parsed.success) {
    throw new Error(
      `what pulumi stack export printed is not a stack's state:\n${z.prettifyError(parsed.error)}`,
    );
  }
  return (parsed.data.deployment?.resources ?? [])
    .filter((state) => !state.delete && !state.external)
    .map(({ type, urn, inputs, outputs, protect }) => ({
      type,
      name: nameIn(urn),
      props: withoutSecrets(inputs),
      outputs: withoutSecrets(outputs),
      protect,
    }));
}

/** A resource's name: the last part of its URN. */
export function nameIn(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** A resource's type: the last of the types in its URN, which begin with its ancestors'. */
export function typeIn(urn: string): string {
  return (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
}

function withoutSecrets(map: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, withoutSecret(value)]));
}

function withoutSecret(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecret);
  if (typeof value !== "object" || value === null) return value;
  return signature in value ? unknownValue : withoutSecrets({ ...value });
}
