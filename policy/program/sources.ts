import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Registration } from "./registrations.ts";

/**
 * Tells which file registers a resource: that of the nearest component above it, or the program itself.
 * @param root where the program and its components are
 * @param resources all resources of a stack, among which the ancestors are
 */
export function sourcesOf(
  root: string,
  resources: readonly Registration[],
): (resource: Registration) => string {
  const files = componentFiles(root);
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  return function sourceOf(resource): string {
    const file = files.get(resource.type);
    if (file !== undefined) return file;
    const parent = resource.parent === "" ? undefined : byUrn.get(resource.parent);
    return parent ? sourceOf(parent) : "index.ts";
  };
}

/** The components' files by type token, such as `idp:platform:Network`. */
function componentFiles(root: string): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(join(root, "components")).flatMap((name) => {
      const file = `components/${name}`;
      const token = /super\(TypeToken\.(\w+),/.exec(readFileSync(join(root, file), "utf8"))?.[1];
      return token === undefined ? [] : [[`idp:platform:${token}`, file] as const];
    }),
  );
}
