import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** A package of the program: its npm name and version, and the Pulumi plugin that it needs, if any. */
export interface ProgramPackage {
  readonly name: string;
  readonly version: string;
  readonly plugin: { readonly name: string; readonly version: string } | undefined;
}

function read(file: string): Readonly<Record<string, unknown>> {
  const manifest: unknown = JSON.parse(readFileSync(file, "utf8"));
  return typeof manifest === "object" && manifest !== null
    ? Object.fromEntries(Object.entries(manifest))
    : {};
}

function keysOf(value: unknown): string[] {
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/**
 * The packages that the program's package.json names itself, as installed. The official host walks all of node_modules
 * and so asks for plugins of packages (docker) that no program uses; here they could not be downloaded.
 */
export function directPackages(programDirectory: string): ProgramPackage[] {
  const require = createRequire(join(programDirectory, "package.json"));
  let manifest: Readonly<Record<string, unknown>>;
  try {
    manifest = read(join(programDirectory, "package.json"));
  } catch {
    return [];
  }
  return keysOf(manifest["dependencies"]).flatMap((name) => {
    const file = (require.resolve.paths(name) ?? [])
      .map((folder) => join(folder, name, "package.json"))
      .find((candidate) => {
        try {
          return readFileSync(candidate).length > 0;
        } catch {
          return false;
        }
      });
    if (file === undefined) return [];
    const found = read(file);
    return [{ name, version: text(found["version"]), plugin: pluginOf(name, found) }];
  });
}

function pluginOf(
  name: string,
  manifest: Readonly<Record<string, unknown>>,
): ProgramPackage["plugin"] {
  const pulumi = manifest["pulumi"];
  if (typeof pulumi !== "object" || pulumi === null) return undefined;
  const about = new Map<string, unknown>(Object.entries(pulumi));
  if (about.get("resource") !== true) return undefined;
  return {
    name: text(about.get("name")) || name.replace(/^@pulumi\//, ""),
    version: (text(about.get("version")) || text(manifest["version"])).replace(/^v/, ""),
  };
}
