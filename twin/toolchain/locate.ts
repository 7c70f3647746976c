import { existsSync } from "node:fs";
import { join } from "node:path";
import { toolsFolder } from "../../lib/paths.ts";
import { ToolchainError } from "./error.ts";
import { compilerFlags } from "./go.ts";
import { hashOf, readFolder } from "./hash.ts";
import { definitionOf, goVersion, toolNames, type BinaryName, type ToolName } from "./tools.ts";

const hashes = new Map<ToolName, string>();

/** Returns the committed folder of a tool. */
export function sourceFolder(name: ToolName): string {
  return join(import.meta.dirname, name);
}

/** Returns `<tool>-<hash>`. The hash covers the source, the version and the compiler flags. */
export function toolId(name: ToolName): string {
  let hash = hashes.get(name);
  if (hash === undefined) {
    hash = hashOf(readFolder(sourceFolder(name)), [
      goVersion,
      `${process.platform}/${process.arch}`,
      JSON.stringify(compilerFlags),
      JSON.stringify({ ...definitionOf(name), purpose: "", coldSeconds: 0 }),
    ]);
    hashes.set(name, hash);
  }
  return `${name}-${hash}`;
}

/** Returns the folder of a tool, built or not. It appears whole or not at all. */
export function toolFolder(name: ToolName, env: NodeJS.ProcessEnv = process.env): string {
  return join(toolsFolder(env), toolId(name));
}

/** Whether a tool is built. */
export function isBuilt(name: ToolName, env: NodeJS.ProcessEnv = process.env): boolean {
  return existsSync(toolFolder(name, env));
}

/** Returns the tool that contains a program. */
export function toolOf(binary: BinaryName): ToolName {
  const name = toolNames.find((candidate) => {
    const { binaries, links } = definitionOf(candidate);
    return Object.hasOwn(binaries, binary) || Object.hasOwn(links ?? {}, binary);
  });
  if (name === undefined) throw new ToolchainError(`No tool contains ${binary}.`);
  return name;
}

/**
 * Returns the absolute path of a program.
 * @throws ToolchainError if its tool is not built
 */
export function binaryPath(binary: BinaryName, env: NodeJS.ProcessEnv = process.env): string {
  return join(builtFolder(toolOf(binary), env), "bin", binary);
}

/**
 * Returns the absolute path of a file that ships with a tool, such as `install.yaml` of `argocd`.
 * @throws ToolchainError if the tool is not built or has no such file
 */
export function sharePath(
  name: ToolName,
  file: string,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const path = join(builtFolder(name, env), "share", file);
  if (existsSync(path)) return path;
  const shared = (definitionOf(name).files ?? [])
    .filter(({ to }) => to.startsWith("share/"))
    .map(({ to }) => to.slice("share/".length));
  throw new ToolchainError(
    `${name} ships no ${file}; it ships ${shared.join(", ") || "no files"} (twin/toolchain/tools.ts).`,
  );
}

/** Returns the folders to put on PATH for programs that call these tools by name. */
export function binaryFolders(
  names: readonly ToolName[],
  env: NodeJS.ProcessEnv = process.env,
): string[] {
  return names.map((name) => join(builtFolder(name, env), "bin"));
}

function builtFolder(name: ToolName, env: NodeJS.ProcessEnv): string {
  const folder = toolFolder(name, env);
  if (existsSync(folder)) return folder;
  throw new ToolchainError(
    `${name} is not built: ${folder} does not exist. Fix: node twin/toolchain/main.ts ${name}`,
  );
}
