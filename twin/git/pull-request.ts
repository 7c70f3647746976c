import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { conflictText } from "../../promotion/conflict.ts";
import { gitIn, gitMessage, isRace, readObjects, type Git } from "../../promotion/git.ts";
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
          const found = await conflicts(git);
          throw refuse(
            found.length > 0 ? found.join("; ") : gitMessage(error),
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
        const why = isRace(message)
          ? `somebody else pushed to main first, ${attempt} times`
          : `the push was refused:\n${message}`;
        throw refuse(why, "run the command again", error);
      }
    }
  });
}

/** What a merge left in conflict, file by file. */
async function conflicts(git: Git): Promise<string[]> {
  const files = await git(["diff", "--name-only", "--diff-filter=U", "-z"]);
  return Promise.all(
    files
      .split("\0")
      .filter((file) => file !== "")
      .map(async (file) => {
        // The index has our text of a file in conflict as stage 2 and theirs as stage 3.
        const [main, branch] = await readObjects(git, [`:2:${file}`, `:3:${file}`]);
        return conflictText(file, main, branch);
      }),
  );
}
