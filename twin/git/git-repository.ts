import { existsSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { initialise, namesFacts } from "../../config/initialise.ts";
import type { RepositoryFacts } from "../../config/repository-facts.ts";
import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { gitIn, readFiles, uncommittedPaths, type Git } from "../../promotion/git.ts";

/** What happened to the twin's repository. */
export interface BroughtOver {
  readonly kind: "created" | "current" | "forwarded" | "merged";
  /** The clone's commit that the twin's branch now holds. */
  readonly source: string;
  /** The twin's branch. */
  readonly head: string;
}

/** Who the twin's commits are by. */
const author = { name: "idp twin", email: "twin@idp.invalid" };
/** The clone's content with the twin's facts in it, one commit for each time it was brought over. */
const sourceRef = "refs/twin/source";

/**
 * Brings the clone's HEAD into the twin's bare repository, as branch `facts.branch`.
 *
 * The first time: HEAD's history and one commit that puts the twin's facts (accounts, address) in. Later: the same for
 * the new HEAD, forwarded to where nobody committed to the twin's branch, merged where somebody did (Image Updater, a
 * test, a person). Where both changed the same lines the twin's win: image tags live there. Uncommitted changes of the
 * clone stay out.
 *
 * @throws Error when the merge cannot be made, with the command that starts afresh
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
  // A clone of limited depth (CI) is taken as it is.
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
  // The old value is named, so a push that came in meanwhile is not lost: the update fails and `up` can run again.
  await git(["update-ref", branch, merged, head]);
  await git(["update-ref", sourceRef, next]);
  return { kind: forwarded ? "forwarded" : "merged", source, head: merged };
}

/** Paths with uncommitted changes in the clone, below the folders that Argo CD deploys. */
export function uncommitted(clone: string): Promise<string[]> {
  return uncommittedPaths(gitIn(clone), ["--", "argocd", "helm-charts"]);
}

/** The files of a revision that `select` takes: text by path. */
export function filesAt(
  repository: string,
  revision: string,
  select: (path: string) => boolean,
): Promise<Map<string, string>> {
  return readFiles(gitAsTwin(repository), revision, select);
}

/** Git as the twin's author. */
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

/** The tree of a commit with the facts put in; made in the object store, without a work tree. */
async function initialisedTree(git: Git, commit: string, facts: RepositoryFacts): Promise<string> {
  const changed = initialise(await readFiles(git, commit, namesFacts), facts);
  return inScratchFolder("index", async (scratch) => {
    const env = { GIT_INDEX_FILE: join(scratch, "index") };
    await git(["read-tree", commit], { env });
    for (const [path, input] of changed) {
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
      // A person's own settings (signing, fast-forward only, hooks) are not the twin's.
      const env = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
      const inWorktree = gitAsTwin(worktree);
      await inWorktree(["merge", "--quiet", "-X", "ours", "-m", message, theirs], { env });
      return await inWorktree(["rev-parse", "HEAD"]);
    } finally {
      // Git forgets a worktree whose folder is gone by itself.
      await git(["worktree", "remove", "--force", worktree]).catch(() => undefined);
    }
  }).catch((error: unknown) => {
    throw new Error(
      `The clone's new commits do not merge into the twin's own: ${String(error)}\n` +
        `Fix: idp twin down, then idp twin up (starts from the clone's HEAD)`,
      { cause: error },
    );
  });
}
