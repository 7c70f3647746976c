import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

// The Kubernetes client's type declarations are made from the API's OpenAPI document, one class a file, so they know
// every field of the API (release 1.36), its type and whether it is required. That makes them the one schema of the
// API that a package manager serves.
const models = join(import.meta.dirname, "../node_modules/@kubernetes/client-node/dist/gen/models");
// `'name'?: type;`, where a map's type takes three lines.
const field = /^ {4}'(\w+)'(\?)?: ([^;{]+|\{\s+\[key: string\]: [^;]+;\s+\});$/gm;

interface Field {
  readonly type: string;
  readonly required: boolean;
}

const known = new Map<string, ReadonlyMap<string, Field>>();

function fieldsOf(model: string): ReadonlyMap<string, Field> {
  let fields = known.get(model);
  if (!fields) {
    const text = readFileSync(join(models, `${model}.d.ts`), "utf8");
    fields = new Map(
      [...text.matchAll(field)].map(([, name = "", optional, type = ""]) => [
        // A name that is a word of JavaScript is declared with a leading underscore.
        name.replace(/^_/, ""),
        { type, required: optional === undefined },
      ]),
    );
    known.set(model, fields);
  }
  return fields;
}

/** The type that describes a kind, such as `V2HorizontalPodAutoscaler`; undefined for a kind the API does not have. */
export function modelOf(apiVersion: string, kind: string): string | undefined {
  const version = apiVersion.split("/").at(-1) ?? "";
  const model = `${version.charAt(0).toUpperCase()}${version.slice(1)}${kind}`;
  return /^\w+$/.test(model) && existsSync(join(models, `${model}.d.ts`)) ? model : undefined;
}

/** What a manifest has wrong by the types of the Kubernetes API: `path: fault`, empty when it is in order. */
export function schemaFaults(manifest: unknown, model: string): string[] {
  return faultsOf(manifest, model, "");
}

function faultsOf(value: unknown, type: string, path: string): string[] {
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  const values = /^\{\s+\[key: string\]: ([^;]+);\s+\}$/.exec(type)?.[1];
  if (list !== undefined) {
    if (!Array.isArray(value)) return [`${path}: must be a list`];
    return value.flatMap((item, index) => faultsOf(item, list, `${path}[${index}]`));
  }
  if (["string", "number", "boolean"].includes(type)) {
    return typeof value === type ? [] : [`${path}: must be a ${type}`];
  }
  if (type === "IntOrString") {
    return typeof value === "string" || Number.isInteger(value)
      ? []
      : [`${path}: must be a number or a string`];
  }
  if (!isMap(value)) return [`${path}: must be a map`];
  const entries = Object.entries(value);
  if (values !== undefined) {
    return entries.flatMap(([key, inner]) => faultsOf(inner, values, `${path}.${key}`));
  }
  const fields = fieldsOf(type);
  const missing = [...fields].filter(([name, { required }]) => required && !(name in value));
  return [
    ...missing.map(([name]) => `${path}.${name}: is missing`),
    ...entries.flatMap(([name, inner]) => {
      const known = fields.get(name);
      return known
        ? faultsOf(inner, known.type, `${path}.${name}`)
        : [`${path}.${name}: is unknown to ${type}`];
    }),
  ];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
