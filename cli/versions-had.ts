import { readServiceFile } from "../catalog/service.ts";
import type { Had } from "../policy/repository/versions.ts";
import { gitIn } from "./base.ts";

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
