import { schemaFaults } from "./kubernetes-schema.ts";
import type { Manifest } from "./rule.ts";
import { at, entriesOf, listOf, textOf } from "./values.ts";

/** The schemas of custom resources, by `<apiVersion> <kind>`. */
export type CustomSchemas = ReadonlyMap<string, unknown>;

/** The schemas in the CustomResourceDefinitions among some manifests, of every version that the API serves. */
export function customSchemas(manifests: readonly Manifest[]): CustomSchemas {
  return new Map(
    manifests
      .filter(({ kind }) => kind === "CustomResourceDefinition")
      .flatMap(({ spec }) =>
        listOf(at(spec, "versions"))
          .filter((version) => at(version, "served") === true)
          .map((version): [string, unknown] => [
            `${textOf(at(spec, "group"))}/${textOf(at(version, "name"))} ${textOf(at(spec, "names", "kind"))}`,
            at(version, "schema", "openAPIV3Schema"),
          ]),
      ),
  );
}

/**
 * What a custom resource has wrong by its kind's schema: `path: fault`, empty when it is in order. The API server would
 * drop a field that the schema does not have without a word; here it is a fault.
 */
export function customFaults(manifest: Manifest, schema: unknown): string[] {
  return [
    ...faultsOf(manifest, schema, ""),
    ...schemaFaults(manifest["metadata"], "V1ObjectMeta").map((fault) => `.metadata${fault}`),
  ];
}

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  boolean: (value) => typeof value === "boolean",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  array: Array.isArray,
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** What every object has. */
const common = ["apiVersion", "kind", "metadata"];

/** Kubernetes's structural schemas: types, required and known fields, enumerations, patterns, and its own extensions. */
function faultsOf(value: unknown, schema: unknown, path: string): string[] {
  if (value === null && at(schema, "nullable") === true) return [];
  if (at(schema, "x-kubernetes-int-or-string") === true) {
    return typeof value === "string" || Number.isInteger(value)
      ? []
      : [`${path}: must be a number or a string`];
  }
  const type = textOf(at(schema, "type"));
  const isOfType = types[type];
  if (isOfType && !isOfType(value)) return [`${path}: must be of type ${type}`];
  const allowed = at(schema, "enum");
  if (Array.isArray(allowed) && !allowed.includes(value)) {
    return [`${path}: must be one of ${allowed.map((one) => JSON.stringify(one)).join(", ")}`];
  }
  const pattern = at(schema, "pattern");
  if (typeof pattern === "string" && !new RegExp(pattern).test(textOf(value))) {
    return [`${path}: must match ${pattern}`];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => faultsOf(item, at(schema, "items"), `${path}[${index}]`));
  }
  return type === "object" ? fieldFaults(value, schema, path) : [];
}

function fieldFaults(value: unknown, schema: unknown, path: string): string[] {
  const known = at(schema, "properties");
  const others = at(schema, "additionalProperties");
  const keepsOthers =
    at(schema, "x-kubernetes-preserve-unknown-fields") === true || others === true;
  const missing = listOf(at(schema, "required"))
    .map(textOf)
    .filter((name) => at(value, name) === undefined);
  return [
    ...missing.map((name) => `${path}.${name}: is missing`),
    ...entriesOf(value).flatMap(([name, inner]) => {
      // A schema says of what every object has no more than that it is there.
      if (inner === undefined || (path === "" && common.includes(name))) return [];
      const own = at(known, name) ?? (typeof others === "object" ? others : undefined);
      if (own !== undefined) return faultsOf(inner, own, `${path}.${name}`);
      return keepsOthers ? [] : [`${path}.${name}: is unknown to the kind`];
    }),
  ];
}
