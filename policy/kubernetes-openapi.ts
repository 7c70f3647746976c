import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { schemaFile, type KubernetesSchema } from "./kubernetes-schema.ts";

/** The kinds that the chart renders and the program makes, by where an API server's /openapi/v3 describes them. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  "api/v1": ["ConfigMap", "Service", "ServiceAccount"],
  "apis/apps/v1": ["Deployment"],
  "apis/autoscaling/v2": ["HorizontalPodAutoscaler"],
  "apis/networking.k8s.io/v1": ["Ingress", "NetworkPolicy"],
  "apis/policy/v1": ["PodDisruptionBudget"],
};

/** The documents below /openapi/v3 that {@link kubernetesSchema} is made from, such as `apis/apps/v1`. */
export const openApiPaths = Object.keys(kinds);

const Document = z.object({
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

/** All that a type's description may hold: what is not known here is an error, so that nothing is lost unseen. */
const Described = z
  .strictObject({
    $ref: z.string(),
    allOf: z.tuple([z.unknown()]),
    oneOf: z.array(z.strictObject({ type: z.string() })),
    type: z.string(),
    enum: z.array(z.string()),
    required: z.array(z.string()),
    properties: z.record(z.string(), z.unknown()),
    items: z.unknown(),
    additionalProperties: z.unknown(),
    // Left out: words for people, and what the API server does with a value that it has accepted.
    description: z.unknown(),
    default: z.unknown(),
    format: z.unknown(),
    "x-kubernetes-group-version-kind": z.unknown(),
    "x-kubernetes-list-map-keys": z.unknown(),
    "x-kubernetes-list-type": z.unknown(),
    "x-kubernetes-map-type": z.unknown(),
    "x-kubernetes-patch-merge-key": z.unknown(),
    "x-kubernetes-patch-strategy": z.unknown(),
    "x-kubernetes-unions": z.unknown(),
  })
  .partial();

/**
 * The schema of the platform's kinds, by an API server's own OpenAPI documents.
 *
 * @param documents of {@link openApiPaths}, in that order
 * @throws Error when a document lacks a kind, or says something of a type that is not understood
 */
export function kubernetesSchema(documents: readonly unknown[]): KubernetesSchema {
  const schemas = documents.map((document) => Document.parse(document).components.schemas);
  const described = new Map(schemas.flatMap((types) => Object.entries(types)));
  const roots = openApiPaths.flatMap((path, index) =>
    (kinds[path] ?? []).map((kind) => {
      const type = Object.keys(schemas[index] ?? {}).find((name) => name.endsWith(`.${kind}`));
      if (type === undefined) throw new Error(`/openapi/v3/${path} has no ${kind}.`);
      return { type, kind: `${path.replace(/^apis?\//, "")} ${kind}` };
    }),
  );
  const definitions = new Map<string, Reduced>();
  const needed = roots.map(({ type }) => type);
  // Grows while it is walked: a type needs others.
  for (const type of needed) {
    if (!definitions.has(type)) definitions.set(type, reduced(described.get(type), needed));
  }
  const $defs = Object.fromEntries(
    [...definitions].map(([type, schema]) => [nameOf(type), schema] as const).sort(byName),
  );
  if (Object.keys($defs).length < definitions.size) throw new Error("Two types have one name.");
  return {
    kinds: Object.fromEntries(roots.map(({ type, kind }) => [kind, nameOf(type)])),
    $defs,
  };
}

type Reduced = KubernetesSchema["$defs"][string];

/** The JSON Schema of a type's description; the types it refers to are added to `needed`. */
function reduced(description: unknown, needed: string[]): Reduced {
  const { $ref, allOf, oneOf, type, required, properties, items, ...more } =
    Described.parse(description);
  if (allOf) return reduced(allOf[0], needed);
  if (oneOf) return { type: oneOf.map((one) => one.type) };
  if ($ref !== undefined) {
    const referred = $ref.slice($ref.lastIndexOf("/") + 1);
    needed.push(referred);
    return { $ref: `#/$defs/${nameOf(referred)}` };
  }
  const inner = (schema: unknown) => reduced(schema, needed);
  return {
    type,
    enum: more.enum,
    required,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, schema]) => [name, inner(schema)]),
      ),
      additionalProperties: false,
    }),
    ...(items !== undefined && { items: inner(items) }),
    ...(more.additionalProperties !== undefined && {
      additionalProperties: inner(more.additionalProperties),
    }),
  };
}

function nameOf(type: string): string {
  return type.slice(type.lastIndexOf(".") + 1);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** The schema as a file: a type a line, so that a new Kubernetes is a diff that can be read. */
export function schemaText({ kinds, $defs }: KubernetesSchema): string {
  const lines = Object.entries($defs).map(
    ([name, schema]) => `"${name}":${JSON.stringify(schema)}`,
  );
  return `{"kinds":${JSON.stringify(kinds)},\n"$defs":{\n${lines.join(",\n")}\n}}\n`;
}

const Version = z.object({ major: z.string(), minor: z.string() });

// `make schemas`: by the cluster that kubectl is set to, of the twin or another.
if (import.meta.main) {
  const ask = (path: string): unknown =>
    JSON.parse(
      execFileSync("kubectl", ["get", "--raw", path], { encoding: "utf8", maxBuffer: 2 ** 26 }),
    );
  const { major, minor } = Version.parse(ask("/version"));
  const schema = kubernetesSchema(openApiPaths.map((path) => ask(`/openapi/v3/${path}`)));
  writeFileSync(schemaFile(`${major}.${minor.replace(/\D/g, "")}`), schemaText(schema));
}
