import { execFileSync } from "node:child_process";
import type { Before } from "../policy/repository/versions.ts";

/**
 * The texts of files as of a commit, to compare a change with.
 *
 * @param base branch, tag or commit; undefined compares with nothing
 * @throws Error saying how to get a commit that is not there
 */
export function filesBefore(root: string, base: string | undefined): Before {
  if (base === undefined) return () => undefined;
  const git = (args: readonly string[]) =>
    execFileSync("git", ["-C", root, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  let changed: ReadonlySet<string>;
  try {
    const names = git([
      "diff",
      "--name-only",
      "-z",
      "--end-of-options",
      base,
      "--",
      "argocd/applications",
    ]);
    changed = new Set(names.split("\0"));
  } catch (error) {
    throw new Error(
      `--base ${base}: git does not know it (${String(error)}). Fix: git fetch origin, then name a branch such as origin/main`,
      { cause: error },
    );
  }
  // What did not change has the text it had: nothing of it is older than before.
  return (file) => {
    if (!changed.has(file)) return undefined;
    try {
      return git(["show", `${base}:${file}`]);
    } catch {
      return undefined;
    }
  };
}
