import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { repositoryRoot } from "../../lib/paths.ts";

/** Resources by "type name": the resource that each is a child of, and its inputs. */
export type Children = z.infer<typeof Children>;

const Children = z.record(
  z.string(),
  z.strictObject({ parent: z.string(), inputs: z.record(z.string(), z.unknown()) }),
);

const Contract = z.strictObject({
  about: z.array(z.string()),
  network: z.strictObject({
    children: Children,
    /** Resources that are added or differ with a NAT gateway in each zone. */
    onePerAz: Children,
  }),
  cluster: z.strictObject({ children: Children }),
});

/** What the real components register, as measured; `about` says how. */
export const contract = Contract.parse(
  JSON.parse(readFileSync(join(repositoryRoot, "test/fixtures/doubles/contract.json"), "utf8")),
);

/** How the contract writes an output of another resource. */
export function reference(resource: string, output: string): string {
  return `<${resource}: ${output}>`;
}

/** A value of the contract with every {@link reference} in its texts replaced. */
export function withReferences(
  value: unknown,
  outputOf: (resource: string, output: string) => string,
): unknown {
  if (typeof value === "string") {
    return value.replaceAll(/<([^<>]+): ([\w.]+)>/g, (_match, resource: string, output: string) =>
      outputOf(resource, output),
    );
  }
  if (Array.isArray(value)) return value.map((item) => withReferences(item, outputOf));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withReferences(item, outputOf)]),
  );
}
