import type { Kubernetes } from "./kubernetes-schema.ts";
import type { Manifest } from "./rule.ts";
import { faultsBy, type Fault } from "./schema-faults.ts";
import { at, entriesOf, isMap, listOf, textOf } from "./values.ts";

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
 * What a custom resource has wrong by its kind's schema; empty when it is in order. The API server would drop a field
 * that the schema does not have without a word; here it is a fault.
 */
export function customFaults(
  manifest: Manifest,
  schema: unknown,
  { compiler }: Kubernetes,
): Fault[] {
  const { properties, ...rest } = jsonSchema(schema, [manifest]);
  return faultsBy(
    compiler.compile({
      ...rest,
      properties: {
        ...properties,
        // Every object has these, and a CustomResourceDefinition says no more of them.
        apiVersion: { type: "string" },
        kind: { type: "string" },
        metadata: { $ref: "kubernetes#/$defs/ObjectMeta" },
      },
    }),
    manifest,
  );
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly [keyword: string]: unknown;
}

/**
 * A structural schema as a JSON Schema that refuses unknown fields, as far as some values reach into it: an
 * ApplicationSet's whole schema takes seconds to compile, what one object uses of it milliseconds.
 */
function jsonSchema(schema: unknown, values: readonly unknown[]): JsonSchema {
  if (!isMap(schema)) return {};
  if (schema["x-kubernetes-int-or-string"] === true) return { type: ["integer", "string"] };
  const { properties, items, additionalProperties: others, nullable, ...rest } = schema;
  const fields = values.filter(isMap).flatMap((value) => Object.entries(value));
  const valuesOf = (name: string) =>
    fields.flatMap(([key, value]) => (key === name ? [value] : []));
  const used = entriesOf(properties).filter(([name]) => valuesOf(name).length > 0);
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true || others === true;
  const isClosed = schema["type"] === "object" && !isOpen;
  return {
    ...rest,
    ...(nullable === true && "type" in rest && { nullable }),
    properties: Object.fromEntries(
      used.map(([name, inner]) => [name, jsonSchema(inner, valuesOf(name))]),
    ),
    ...(items !== undefined && { items: jsonSchema(items, values.flatMap(listOf)) }),
    ...(isMap(others)
      ? {
          additionalProperties: jsonSchema(
            others,
            fields.map(([, value]) => value),
          ),
        }
      : isClosed && { additionalProperties: false }),
  };
}
