import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { gitIn, gitMessage } from "../../promotion/git.ts";
import { repositoryUrl, type Twin } from "../state/twin.ts";

/** The person who merges. */
const merger = {
  GIT_AUTHOR_NAME: "reviewer",
  GIT_AUTHOR_EMAIL: "reviewer@idp.invalid",
  GIT_COMMITTER_NAME: "reviewer",
  GIT_COMMITTER_EMAIL: "reviewer@idp.invalid",
  // A person's own git settings (signing, fast-forward only, hooks) must not apply to the twin.
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

/**
 * Merges a branch into the twin's main branch and deletes it: a merge commit, pushed to the git server. The twin has no pull
 * requests; this does what merging one does.
 *
 * @returns the merge commit
 * @throws Error if the branch does not exist or does not merge
 */
export async function mergeBranch(twin: Twin, branch: string): Promise<string> {
  return inScratchFolder("merge", async (scratch) => {
    const git = gitIn(scratch, merger);
    await git(["clone", "--quiet", repositoryUrl(twin), "."]);
    await git(["merge", "--quiet", "--no-ff", "-m", `Merge ${branch}`, `origin/${branch}`]);
    await git(["push", "--quiet", "origin", "HEAD:main", `:${branch}`]);
    return git(["rev-parse", "HEAD"]);
  }).catch((error: unknown) => {
    throw new Error(
      `${branch} was not merged: ${gitMessage(error)}\nNothing was changed. Fix: name one of its branches: git ls-remote ${repositoryUrl(twin)}`,
      { cause: error },
    );
  });
}
