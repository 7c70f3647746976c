import { execFileSync } from "node:child_process";
import type { Before } from "../policy/repository/versions.ts";

/**
 * Returns the texts of files at a commit, to compare a change with.
 *
 * @param base branch, tag or commit; undefined means nothing to compare with
 * @throws Error that says how to get a missing commit
 */
export function filesBefore(root: string, base: string | undefined): Before {
  if (base === undefined) return () => undefined;
  const git = gitIn(root);
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
  // A file that did not change is compared with itself: nothing in it can be older than before.
  return (file) => {
    if (!changed.has(file)) return undefined;
    try {
      return git(["show", `${base}:${file}`]);
    } catch {
      return undefined;
    }
  };
}

/** Runs git in a folder, and returns what it printed. @throws when git fails */
export function gitIn(root: string): (args: readonly string[]) => string {
  return (args) =>
    execFileSync("git", ["-C", root, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
}
