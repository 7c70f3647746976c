import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { initialise, namesFacts } from "../../config/initialise.ts";
import type { RepositoryFacts } from "../../config/repository-facts.ts";
import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { gitIn, readFiles, uncommittedPaths, type Git } from "../../promotion/git.ts";

/** What {@link bringOver} did to the twin's repository. */
export interface BroughtOver {
  readonly kind: "created" | "current" | "forwarded" | "merged";
  /** The clone's commit that the twin's branch now holds. */
  readonly source: string;
  /** The twin's branch. */
  readonly head: string;
}

/** The author of the twin's commits. */
const author = { name: "idp twin", email: "twin@idp.invalid" };
/** A ref to the clone's content with the twin's facts, with one commit for each time it was brought over. */
const sourceRef = "refs/twin/source";

/**
 * Brings the clone's HEAD into the twin's bare repository, as branch `facts.branch`.
 *
 * The first time, the branch gets HEAD's history and one commit that inserts the twin's facts (accounts, address). Later it
 * gets the same for the new HEAD: by fast-forward, or by a merge if somebody has committed to the twin's branch (Image
 * Updater, a test, a person). Where both changed the same lines, the twin's win, because they hold image tags. Uncommitted
 * changes of the clone are left out.
 *
 * @throws Error if the merge fails, with the command that starts anew
 */
export async function bringOver(
  clone: string,
  repository: string,
  facts: RepositoryFacts,
): Promise<BroughtOver> {
  const git = gitAsTwin(repository);
  const branch = `refs/heads/${facts.branch}`;
  const isNew = !existsSync(join(repository, "HEAD"));
  if (isNew) {
    await execa("git", [
      "init",
      "--quiet",
      "--bare",
      `--initial-branch=${facts.branch}`,
      repository,
    ]);
    await git(["config", "http.receivepack", "true"]);
  }
  // A shallow clone (CI) is accepted as it is.
  await git(["fetch", "--quiet", "--no-tags", "--update-shallow", clone, "+HEAD:refs/twin/clone"]);
  const source = await git(["rev-parse", "refs/twin/clone"]);
  const tree = await initialisedTree(git, source, facts);

  const previous = await resolve(git, sourceRef);
  const head = await resolve(git, branch);
  if (previous === undefined || head === undefined) {
    const commit = await commitTree(git, tree, [source], "Point the platform at the twin");
    await git(["update-ref", branch, commit]);
    await git(["update-ref", sourceRef, commit]);
    return { kind: "created", source, head: commit };
  }
  if ((await git(["rev-parse", `${previous}^{tree}`])) === tree) {
    return { kind: "current", source, head };
  }
  const subject = await git(["log", "-1", "--format=%h: %s", source]);
  const next = await commitTree(git, tree, [previous, source], `Bring over ${subject}`);
  const forwarded = head === previous;
  const merged = forwarded ? next : await merge(git, head, next, `Merge ${subject}`);
  // With the old value given, the update fails if a push arrived meanwhile. The push is not lost, and `up` can run again.
  await git(["update-ref", branch, merged, head]);
  await git(["update-ref", sourceRef, next]);
  return { kind: forwarded ? "forwarded" : "merged", source, head: merged };
}

/** Returns the paths with uncommitted changes in the clone, in the folders that Argo CD deploys. */
export function uncommitted(clone: string): Promise<string[]> {
  return uncommittedPaths(gitIn(clone), ["--", "argocd", "helm-charts"]);
}

/** Returns the text, by path, of the files of a revision that `select` accepts. */
export function filesAt(
  repository: string,
  revision: string,
  select: (path: string) => boolean,
): Promise<Map<string, string>> {
  return readFiles(gitAsTwin(repository), revision, select);
}

/** Runs git as the twin's author. */
const gitAsTwin = (cwd: string): Git =>
  gitIn(cwd, {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
  });

async function resolve(git: Git, ref: string): Promise<string | undefined> {
  const hash = await git(["for-each-ref", "--format=%(objectname)", ref]);
  return hash === "" ? undefined : hash;
}

/** Returns the tree of a commit with the facts inserted. It is made in the object store, without a work tree. */
async function initialisedTree(git: Git, commit: string, facts: RepositoryFacts): Promise<string> {
  const changed = initialise(await readFiles(git, commit, namesFacts), facts);
  return inScratchFolder("index", async (scratch) => {
    const env = { GIT_INDEX_FILE: join(scratch, "index") };
    await git(["read-tree", commit], { env });
    for (const [path, input] of changed) {
      if (input.includes("\uFFFD")) throw new Error(`${path} is not UTF-8, and was not changed.`);
      const blob = await git(["hash-object", "-w", "--stdin"], { input });
      await git(["update-index", "--cacheinfo", `100644,${blob},${path}`], { env });
    }
    return git(["write-tree"], { env });
  });
}

function commitTree(
  git: Git,
  tree: string,
  parents: readonly string[],
  message: string,
): Promise<string> {
  return git(["commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-m", message]);
}

async function merge(git: Git, ours: string, theirs: string, message: string): Promise<string> {
  return inScratchFolder("merge", async (scratch) => {
    const worktree = join(scratch, "worktree");
    await git(["worktree", "add", "--quiet", "--detach", worktree, ours]);
    try {
      // A person's own git settings (signing, fast-forward only, hooks) must not apply to the twin.
      const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
      const inWorktree = gitAsTwin(worktree);
      await inWorktree(["merge", "--quiet", "-X", "ours", "-m", message, theirs], { env });
      return await inWorktree(["rev-parse", "HEAD"]);
    } finally {
      // If this fails, git itself forgets a worktree whose folder does not exist.
      await git(["worktree", "remove", "--force", worktree]).catch(() => undefined);
    }
  }).catch((error: unknown) => {
    throw new Error(
      `The clone's new commits do not merge with the twin's: ${String(error)}\n` +
        `Fix: idp twin down, then idp twin up (starts from the clone's HEAD)`,
      { cause: error },
    );
  });
}
