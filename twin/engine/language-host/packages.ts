import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** A Pulumi plugin that a program needs. */
export interface RequiredPlugin {
  readonly name: string;
  readonly version: string;
}

/**
 * The plugins of the packages that the program's package.json names itself, in their installed versions. The official host
 * walks all of node_modules, and asks for plugins of packages (docker) that no program uses: here they could not be
 * downloaded.
 */
export function requiredPlugins(programDirectory: string): RequiredPlugin[] {
  const file = join(programDirectory, "package.json");
  if (!existsSync(file)) return [];
  const require = createRequire(file);
  return Object.keys(objectIn(readPackage(file)["dependencies"])).flatMap((name) => {
    const installed = (require.resolve.paths(name) ?? [])
      .map((folder) => join(folder, name, "package.json"))
      .find((candidate) => existsSync(candidate));
    return installed === undefined ? [] : pluginOf(name, readPackage(installed));
  });
}

/** The plugin that a package's `pulumi` section asks for. */
function pluginOf(name: string, manifest: Readonly<Record<string, unknown>>): RequiredPlugin[] {
  const pulumi = objectIn(manifest["pulumi"]);
  if (pulumi["resource"] !== true) return [];
  return [
    {
      name: textIn(pulumi["name"]) || name.replace(/^@pulumi\//, ""),
      version: (textIn(pulumi["version"]) || textIn(manifest["version"])).replace(/^v/, ""),
    },
  ];
}

function readPackage(file: string): Readonly<Record<string, unknown>> {
  return objectIn(JSON.parse(readFileSync(file, "utf8")));
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}
