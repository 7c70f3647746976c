import type { Registered } from "../../policy/program/record.ts";

export { record, type Registered } from "../../policy/program/record.ts";

/** `type name` of each resource, sorted: what most tests compare. */
export function names(resources: readonly Registered[]): string[] {
  return resources.map(({ type, name }) => `${type} ${name}`).sort();
}

/** The inputs of the one resource of this type and name. */
export function inputsOf(
  resources: readonly Registered[],
  type: string,
  name: string,
): Readonly<Record<string, unknown>> {
  const found = resources.filter((resource) => resource.type === type && resource.name === name);
  const [only] = found;
  if (!only || found.length > 1) {
    throw new Error(
      `${found.length} resources "${type} ${name}" among:\n${names(resources).join("\n")}`,
    );
  }
  return only.inputs;
}
