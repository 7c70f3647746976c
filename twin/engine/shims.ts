import { repositoryRoot } from "../../lib/paths.ts";
import { shellQuoted } from "../../lib/shell.ts";
import { join } from "node:path";
import { stateDir } from "../state/folder.ts";
import { sdkVersion } from "./sdk-version.ts";

/** A program on PATH or in the engine's plugin folder that starts one of the doubles. */
export interface Shim {
  readonly name: string;
  readonly content: string;
  /**
   * Its folder below `$PULUMI_HOME/plugins`. There the engine treats it as an installed plugin; for a plugin that is only on
   * PATH every command prints a warning. Undefined if it is not a plugin.
   */
  readonly pluginFolder: string | undefined;
}

interface Double {
  /** The file that starts it, below twin/. */
  readonly file: string;
  /** The plugin's kind and name, and the package whose version it has. */
  readonly plugin?: { readonly id: string; readonly sdk: string };
}

const doubles: Readonly<Record<string, Double>> = {
  "pulumi-resource-aws": { file: "aws/main.ts", plugin: { id: "resource-aws", sdk: "aws" } },
  "pulumi-resource-awsx": {
    file: "components/awsx/main.ts",
    plugin: { id: "resource-awsx", sdk: "awsx" },
  },
  "pulumi-resource-eks": {
    file: "components/eks/main.ts",
    plugin: { id: "resource-eks", sdk: "eks" },
  },
  "pulumi-language-nodejs": {
    file: "engine/language-host/main.ts",
    plugin: { id: "language-nodejs", sdk: "pulumi" },
  },
  aws: { file: "aws/cli/main.ts" },
};

/**
 * Returns the shell wrappers of the doubles.
 * @param twin the twin's state directory
 * @param node the absolute path of the Node to run, because PATH may have an older one
 */
export function shims(twin = stateDir(), node = process.execPath): Shim[] {
  return Object.entries(doubles).map(([name, { file, plugin }]) => ({
    name,
    pluginFolder: plugin === undefined ? undefined : `${plugin.id}-v${sdkVersion(plugin.sdk)}`,
    content: startScript(join(repositoryRoot, "twin", file), twin, node),
  }));
}

/**
 * Returns a shell script that runs a double's TypeScript with this Node and the twin's folder in its environment. The script
 * replaces itself by Node, so that the engine's signals and pipes reach the double and not a shell.
 * @param file the absolute path of the double
 */
export function startScript(file: string, twin: string, node = process.execPath): string {
  return [
    "#!/bin/sh",
    `export IDP_TWIN=${shellQuoted(twin)}`,
    // Never the user's own file: a double must not mistake a real account for one of the twin's.
    `export AWS_CONFIG_FILE=${shellQuoted(join(twin, "aws/config"))}`,
    `export NODE_COMPILE_CACHE=${shellQuoted(join(twin, "node-compile-cache"))}`,
    `exec ${shellQuoted(node)} --disable-warning=ExperimentalWarning ${shellQuoted(file)} "$@"`,
    "",
  ].join("\n");
}
