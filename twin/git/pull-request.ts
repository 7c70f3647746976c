import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { gitIn, gitMessage, isRace, type Git } from "../../promotion/git.ts";
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

/** How often a merge is made again when main has moved: Image Updater pushes to it as well. */
const attempts = 8;

/**
 * Merges a branch into the twin's main branch and deletes it: a merge commit, pushed to the git server. The twin has no pull
 * requests; this does what merging one does.
 *
 * @returns the merge commit
 * @throws Error if the branch does not exist or does not merge
 */
export function mergeBranch(twin: Twin, branch: string): Promise<string> {
  return mergeInto(repositoryUrl(twin), branch);
}

/** Merges a branch of the repository at `url` into its main: both are changed, or neither. As {@link mergeBranch}. */
export async function mergeInto(url: string, branch: string): Promise<string> {
  return inScratchFolder("merge", async (scratch) => {
    const git = gitIn(scratch, merger);
    const refuse = (why: string, fix: string, cause?: unknown) =>
      new Error(`${branch} was not merged: ${why}\nNothing was changed. Fix: ${fix}`, { cause });
    await git(["clone", "--quiet", url, "."]).catch((error: unknown) => {
      throw refuse(gitMessage(error), "idp twin up", error);
    });
    for (let attempt = 1; ; attempt++) {
      await git(["fetch", "--quiet", "--prune", "origin"]);
      await git(["checkout", "--quiet", "--detach", "origin/main"]);
      await git(["rev-parse", "--verify", "--quiet", `refs/remotes/origin/${branch}`]).catch(
        (error: unknown) => {
          const fix = `name one of its branches: git ls-remote --heads ${url}`;
          throw refuse("there is no such branch", fix, error);
        },
      );
      await git(["merge", "--quiet", "--no-ff", "-m", `Merge ${branch}`, `origin/${branch}`]).catch(
        async (error: unknown) => {
          const files = await conflicts(git);
          const why = files.length > 0 ? `conflict in ${files.join(", ")}` : gitMessage(error);
          throw refuse(
            why,
            `delete it (git push ${url} --delete ${branch}) and make it anew`,
            error,
          );
        },
      );
      try {
        await git(["push", "--quiet", "--atomic", "origin", "HEAD:main", `:${branch}`]);
        return await git(["rev-parse", "HEAD"]);
      } catch (error) {
        const message = gitMessage(error);
        if (attempt < attempts && isRace(message)) continue;
        throw refuse(`the push was refused:\n${message}`, "run the command again", error);
      }
    }
  });
}

/** The files that a merge left in conflict. */
async function conflicts(git: Git): Promise<string[]> {
  const files = await git(["diff", "--name-only", "--diff-filter=U", "-z"]);
  return files.split("\0").filter((file) => file !== "");
}
