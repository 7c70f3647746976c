import { execa } from "execa";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { compareVersions } from "../../lib/version.ts";
import type { Substitute } from "./tools.ts";

/** Whether a program's printed version can be used instead of the pinned one. */
export function accepts(printed: string, { version, accept }: Substitute): boolean {
  const found = /^v?(\d+\.\d+\.\d+)$/.exec(printed.trim())?.[1];
  if (found === undefined) return false;
  const difference = compareVersions(found, version);
  if (difference === 0) return true;
  return accept === "newer" && difference > 0 && majorOf(found) === majorOf(version);
}

function majorOf(version: string): number {
  return parseInt(version);
}

/** Returns the user's own program if PATH has one in a usable version. */
export async function findSubstitute(
  substitute: Substitute,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const path = (env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, substitute.command))
    .find(isExecutable);
  return path !== undefined && (await serves(path, substitute)) ? path : undefined;
}

/** Whether the program at `path` runs and has a usable version. */
export async function serves(path: string, substitute: Substitute): Promise<boolean> {
  const { failed, stdout } = await execa(path, substitute.args, {
    reject: false,
    timeout: 20_000,
    // Printing the version must not trigger an update check.
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  return !failed && accepts(stdout, substitute);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
