import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../../../lib/paths.ts";
import { deployedBranch } from "../workflows.ts";

/** What `git` says, without the last line break. */
export function git(cwd: string, ...args: readonly string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@test.invalid"];
  return execFileSync("git", [...identity, "-c", `init.defaultBranch=${deployedBranch}`, ...args], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  }).trimEnd();
}

/** Changes of files: the new text by path; undefined deletes the file. */
export type Changes = Readonly<Record<string, string | undefined>>;

/** What workflows read themselves, without the programs that they call. */
const little = [
  ".ci",
  ".github",
  "argocd",
  "cli/base.ts",
  "cli/github-api.ts",
  "docs/workflows.md",
  "twin/toolchain/tools.ts",
];

function copyWorkTree(folder: string, paths: readonly string[]): void {
  const own = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"];
  const files = git(repositoryRoot, ...own, ...paths).split("\0");
  // A file that was deleted but not yet committed is still in git's list.
  const isThere = (file: string) => file !== "" && existsSync(join(repositoryRoot, file));
  for (const file of new Set(files.filter(isThere))) {
    const to = join(folder, file);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(repositoryRoot, file), to, { verbatimSymlinks: true });
  }
}

/** Copies those of the paths that the commit has. */
function copyCommit(folder: string, commit: string, paths: readonly string[]): void {
  const whole = git(repositoryRoot, "rev-parse", "--verify", `${commit}^{commit}`);
  git(folder, "fetch", "--quiet", "--depth=1", `file://${repositoryRoot}`, whole);
  const names = git(folder, "ls-tree", "-r", "-z", "--name-only", "FETCH_HEAD", "--", ...paths);
  const files = names.split("\0").filter(Boolean);
  git(folder, "checkout", "--quiet", "FETCH_HEAD", "--", ...files);
}

/** An earlier commit whose files are run in place of this work tree's; undefined for these. */
const earlier = process.env["IDP_WORKFLOWS_AT"];

/**
 * The repository as it would be on GitHub: this work tree as main's first commit, and what a test adds to it. With
 * `IDP_WORKFLOWS_AT=<commit>` it is that commit: so it can be seen that a test fails on the workflows it was made for.
 */
export class Origin {
  /** The repository's folder, which clones fetch from. */
  readonly folder: string;

  /**
   * @param changes what differs from this work tree in the first commit, such as a workflow with a fault
   * @param whole all files; without it there are only those that the workflows read themselves, and a clone is quick
   */
  constructor(folder: string, changes: Changes = {}, { whole = false } = {}) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    git(folder, "init", "--quiet");
    const paths = whole ? ["."] : little;
    if (earlier === undefined) copyWorkTree(folder, paths);
    else copyCommit(folder, earlier, paths);
    git(folder, "config", "core.fsync", "none");
    // GitHub lets a client fetch any commit that a ref reaches, pull requests' own included.
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true");
    this.commit(changes, "Begin");
  }

  /** Makes a commit on the branch that is checked out, and returns it. */
  commit(changes: Changes, subject: string): string {
    for (const [path, text] of Object.entries(changes)) {
      const file = join(this.folder, path);
      if (text === undefined) rmSync(file, { recursive: true });
      else {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text);
      }
    }
    git(this.folder, "add", "--all");
    git(this.folder, "commit", "--quiet", "--allow-empty", "--message", subject);
    return this.head();
  }

  /** Returns the commit of a revision. */
  head(revision = "HEAD"): string {
    return git(this.folder, "rev-parse", `${revision}^{commit}`);
  }

  /**
   * Makes pull request 12 from a branch with one commit, and returns its three commits. GitHub's run is on the merge of
   * both sides, which only `refs/pull/12/merge` names.
   */
  pullRequest(changes: Changes): {
    readonly base: string;
    readonly head: string;
    readonly merge: string;
  } {
    const base = this.head();
    git(this.folder, "checkout", "--quiet", "-B", "change");
    const head = this.commit(changes, "Change");
    git(this.folder, "checkout", "--quiet", "--detach", base);
    git(
      this.folder,
      "merge",
      "--quiet",
      "--no-ff",
      "--message",
      `Merge ${head} into ${base}`,
      head,
    );
    const merge = this.head();
    this.point("refs/pull/12/merge", merge);
    git(this.folder, "checkout", "--quiet", deployedBranch);
    return { base, head, merge };
  }

  /** Makes a ref, or moves it. */
  point(ref: string, commit: string): void {
    git(this.folder, "update-ref", ref, commit);
  }

  /** Returns the paths that differ between two commits. */
  changed(before: string, after: string): string[] {
    return git(this.folder, "diff", "--name-only", before, after).split("\n").filter(Boolean);
  }

  /** Returns the files of main's workflows whose names are so. */
  workflows(name: RegExp): string[] {
    const files = git(
      this.folder,
      "ls-tree",
      "--name-only",
      `${deployedBranch}:.github/workflows`,
    ).split("\n");
    return files.filter((file) => name.test(file));
  }

  /** Returns a file's text at a commit. */
  read(commit: string, path: string): string {
    return git(this.folder, "show", `${commit}:${path}`);
  }
}
