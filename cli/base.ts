import { execFileSync } from "node:child_process";
import { readServiceFile } from "../catalog/service.ts";
import type { Before, Had } from "../policy/repository/versions.ts";

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

/** How many commits of a file's history are read at most. */
const historyLimit = 200;

/**
 * Returns the versions that a service file has named up to a commit; none where git does not know: outside a repository, or
 * before the first commit of a shallow clone.
 *
 * @param base branch, tag or commit
 */
export function versionsHad(root: string, base = "HEAD"): Had {
  const git = gitIn(root);
  const orNothing = (args: readonly string[]) => {
    try {
      return git(args);
    } catch {
      return "";
    }
  };
  return (file) =>
    orNothing([
      ...["log", `-${historyLimit}`, "--format=%H"],
      ...["--end-of-options", base, "--", file],
    ])
      .split("\n")
      .filter((commit) => commit !== "")
      .flatMap((commit) => readServiceFile(orNothing(["show", `${commit}:${file}`]))?.tag ?? []);
}

function gitIn(root: string): (args: readonly string[]) => string {
  return (args) =>
    execFileSync("git", ["-C", root, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
}
