import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ajv } from "ajv";
import { z } from "zod";
import type { Manifest } from "./rule.ts";
import { faultsBy, newCompiler, type Fault } from "./schema-faults.ts";
import { textOf } from "./values.ts";

/** JSON Schemas of some of Kubernetes' kinds and of all types in them. A field that a type does not have is refused. */
const KubernetesSchema = z.object({
  /** Name of a kind's type, by `<apiVersion> <kind>`. */
  kinds: z.record(z.string(), z.string()),
  /** By the type's own name, such as `Container`. */
  $defs: z.record(z.string(), z.looseObject({})),
});
export type KubernetesSchema = z.infer<typeof KubernetesSchema>;

/** One Kubernetes version's kinds, ready to check manifests by. */
export interface Kubernetes {
  readonly kinds: KubernetesSchema["kinds"];
  /** Knows the types as `kubernetes#/$defs/<type>`. */
  readonly compiler: Ajv;
}

/** The committed schema of a Kubernetes minor version, such as `1.36`. Made by `make schemas`. */
export function schemaFile(version: string): string {
  return join(import.meta.dirname, "schemas", `kubernetes-${version}.json`);
}

const known = new Map<string, Kubernetes>();

/** The kinds of a Kubernetes minor version; undefined when there is no schema of it. */
export function kubernetesOf(version: string): Kubernetes | undefined {
  const read = known.get(version) ?? readKubernetes(schemaFile(version));
  if (read) known.set(version, read);
  return read;
}

function readKubernetes(file: string): Kubernetes | undefined {
  if (!existsSync(file)) return undefined;
  const { kinds, $defs } = KubernetesSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  // A type's name in its schema is what a fault calls it.
  const titled = Object.fromEntries(
    Object.entries($defs).map(([title, schema]) => [title, { title, ...schema }]),
  );
  const compiler = newCompiler();
  compiler.addSchema({ $id: "kubernetes", $defs: titled });
  return { kinds, compiler };
}

/** What a manifest has wrong by its kind's type; undefined for a kind that the schema does not have. */
export function kubernetesFaults(
  manifest: Manifest,
  { kinds, compiler }: Kubernetes,
): Fault[] | undefined {
  const type = kinds[`${textOf(manifest["apiVersion"])} ${textOf(manifest["kind"])}`];
  const validate = type === undefined ? undefined : compiler.getSchema(`kubernetes#/$defs/${type}`);
  return validate && faultsBy(validate, manifest);
}
