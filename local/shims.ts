import { join } from "node:path";
import { stateDir } from "./paths.ts";

/** A program that is found by its name on the PATH, or in the engine's plugin folder, and starts one of the doubles. */
export interface Shim {
  readonly name: string;
  readonly content: string;
}

const doubles: Readonly<Record<string, string>> = {
  "pulumi-resource-aws": "aws/main.ts",
  "pulumi-resource-awsx": "awsx/main.ts",
  "pulumi-resource-eks": "eks/main.ts",
  "pulumi-language-nodejs": "language-host/main.ts",
  aws: "aws/cli/main.ts",
};

/**
 * The shell wrappers of the doubles. Each starts this very Node on the double's TypeScript, tells it which twin it plays
 * for, and replaces itself by it, so that the engine's signals and pipes reach the double and not a shell.
 * @param twin the twin's state directory
 * @param node the Node to run: an absolute path, for the PATH may have an older one
 */
export function shims(twin = stateDir(), node = process.execPath): Shim[] {
  return Object.entries(doubles).map(([name, file]) => ({
    name,
    content: [
      "#!/bin/sh",
      `export IDP_TWIN=${quoted(twin)}`,
      // Never the user's own file: a double must not mistake a real account for one of its own.
      `export AWS_CONFIG_FILE=${quoted(join(twin, "aws/config"))}`,
      `export NODE_COMPILE_CACHE=${quoted(join(twin, "node-compile-cache"))}`,
      `exec ${quoted(node)} --disable-warning=ExperimentalWarning ${quoted(join(import.meta.dirname, file))} "$@"`,
      "",
    ].join("\n"),
  }));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
