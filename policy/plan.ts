import { environments, type Environment } from "../config/environments.ts";
import type { Manifest, Resource } from "./rule.ts";
import { unknownValue } from "./values.ts";

/**
 * The texts that stand for values which a preview does not know, one for each type (sdk/go/common/resource/plugin/rpc.go
 * of Pulumi).
 */
const sentinels = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

/**
 * The inputs that @pulumi/policy hands to a policy, with {@link unknownValue} where nothing is known yet. Reading such a
 * value through the library's proxy throws, and a rule would end there, so the properties are taken as they are defined.
 */
export function inputsOf(props: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(Object.getOwnPropertyDescriptors(props)).map(([key, { value }]) => [
      key,
      fromPlan(value),
    ]),
  );
}

/** A value of a plan with {@link unknownValue} where nothing is known yet. */
export function fromPlan(value: unknown): unknown {
  if (typeof value === "string") return sentinels.has(value) ? unknownValue : value;
  if (Array.isArray(value)) return value.map(fromPlan);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromPlan(inner)]));
}

/** The environment of a resource's stack. A stack of any other name is held to prod's promises. */
export function environmentOf(urn: string): Environment {
  const [, stack] = /^urn:pulumi:([^:]*)::/.exec(urn) ?? [];
  return environments.find((environment) => environment === stack) ?? "prod";
}

const unjudged = [
  // A definition of a kind: what it describes is judged.
  /^kubernetes:apiextensions\.k8s\.io\/\w+:CustomResourceDefinition$/,
  // Components that read objects from elsewhere: each object is a resource of its own, and judged.
  /^kubernetes:(yaml(\/v2)?:Config(File|Group)|helm\.sh\/v[34]:Chart|kustomize(\/v2)?:Directory)$/,
];

/** Whether no rule looks at a type's inputs. They may be a megabyte. */
export function isUnjudged(type: string): boolean {
  return unjudged.some((pattern) => pattern.test(type));
}

/**
 * The Kubernetes object that a resource of a plan makes or patches; undefined for others. What its inputs leave out
 * its type says: `kubernetes:argoproj.io/v1alpha1:ApplicationPatch` patches an Application.
 */
export function manifestOf({
  type,
  props,
}: Pick<Resource, "type" | "props">): Manifest | undefined {
  if (!type.startsWith("kubernetes:")) return undefined;
  const [, apiVersion, kind] = /^kubernetes:(?:core\/)?([^:]+):(\w+?)(?:Patch)?$/.exec(type) ?? [];
  return { apiVersion, kind, ...props };
}
