import { execa } from "execa";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Substitute } from "./tools.ts";

/** Whether a version, as a program prints it, serves instead of the pinned one. */
export function accepts(printed: string, { version, accept }: Substitute): boolean {
  const found = /^v?(\d+)\.(\d+)\.(\d+)$/.exec(printed.trim());
  const wanted = /^(\d+)\.(\d+)\.(\d+)$/.exec(version);
  if (found === null || wanted === null) return false;
  const have = found.slice(1).map(Number);
  const want = wanted.slice(1).map(Number);
  const difference = have.map((part, index) => part - (want[index] ?? 0)).find((n) => n !== 0) ?? 0;
  if (difference === 0) return true;
  return accept === "newer" && difference > 0 && have[0] === want[0];
}

/** The user's own program, when PATH has one in a version that serves. */
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

/** Whether the program at `path` runs and has a version that serves. */
export async function serves(path: string, substitute: Substitute): Promise<boolean> {
  const { failed, stdout } = await execa(path, substitute.args, {
    reject: false,
    timeout: 20_000,
    // Asking a version is no occasion to look for updates.
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
