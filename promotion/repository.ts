import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { inScratchFolder } from "../lib/scratch-folder.ts";
import {
  addressWithoutSecrets,
  gitIn,
  gitMessage,
  isRace,
  readFiles,
  readObjects,
  uncommittedPaths,
  type Git,
} from "./git.ts";
import { versionsIn, type FileVersion } from "./history.ts";

/** How often a change is tried again when the branch has moved: Image Updater pushes to it as well. */
const attempts = 8;
/** After this long without an answer of the remote a person is told who is waited for. */
const quietMs = 3_000;
/** How many commits of a file's history are read at most. */
const historyLimit = 200;

/** Waits before the next attempt, longer each time. */
async function aWhile(attempt: number): Promise<void> {
  await sleep(50 * attempt * (1 + Math.random()));
}

/** A commit that changed a file. */
export interface Change {
  readonly commit: string;
  /** The author's name. */
  readonly author: string;
  readonly date: Date;
  readonly subject: string;
  /** The file after the commit; undefined when the commit deleted it. */
  readonly text: string | undefined;
}

/** A commit to make: one file, changed by a function of its present text. */
export interface Edit {
  readonly path: string;
  /** Returns the file's new text; the same text makes no commit. */
  readonly edit: (text: string | undefined) => string;
  /** Returns the commit message for the text before and after; its first line is the subject. */
  readonly message: (before: string, after: string) => string;
  /** A line of the message without which a branch with the same change is not taken as it is. @default any message will do */
  readonly trailer?: string;
}

/** The outcome of an {@link Edit}. */
export interface Committed {
  /** Undefined when the file already had the wanted text. */
  readonly commit: string | undefined;
  /** The commit that it is based on. */
  readonly parent: string;
  readonly before: string;
  readonly after: string;
}

/**
 * A shared repository, reached through a clone. Everything is read from the remote's branch. Commits are made in the
 * object store and pushed, and therefore never touch a work tree.
 */
export class Repository {
  /** Address of the remote. */
  readonly url: string;
  /** The branch that Argo CD watches. */
  readonly branch: string;
  readonly #git: Git;
  readonly #directory: string;
  readonly #remote: string;
  readonly #onWait: (address: string) => void;

  private constructor(
    directory: string,
    git: Git,
    remote: string,
    branch: string,
    url: string,
    onWait: (address: string) => void,
  ) {
    this.#directory = directory;
    this.#git = git;
    this.#onWait = onWait;
    this.#remote = remote;
    this.branch = branch;
    this.url = url;
  }

  /**
   * @param options `identity`: variables for git that name the author, in place of the person's own settings; `onWait` is
   *   called with the remote's address when it has said nothing for three seconds
   * @throws Error when the directory is not a clone
   */
  static async open(
    directory: string,
    {
      remote = "origin",
      branch = "main",
      identity = {},
      onWait = () => undefined,
    }: {
      remote?: string;
      branch?: string;
      identity?: Readonly<Record<string, string>>;
      onWait?: (address: string) => void;
    } = {},
  ): Promise<Repository> {
    const git = gitIn(directory, identity);
    try {
      const url = await git(["remote", "get-url", remote]);
      return new Repository(directory, git, remote, branch, url, onWait);
    } catch (error) {
      throw new Error(
        `${directory} is not a clone with a remote "${remote}": ${gitMessage(error)}\nFix: run it in a clone of the platform's repository, or name one: --repository <folder>`,
        { cause: error },
      );
    }
  }

  /**
   * Fetches the branch and returns its newest commit.
   * @throws Error when the remote does not answer or has no such branch
   */
  async fetch(): Promise<string> {
    const ref = `refs/heads/${this.branch}`;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#ask([
          ...["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"],
          ...[this.#remote, `+${ref}:${this.#tracking()}`],
        ]);
        break;
      } catch (error) {
        const message = gitMessage(error);
        // Another command fetches through the same clone.
        if (attempt < attempts && isRace(message)) {
          await aWhile(attempt);
          continue;
        }
        throw new Error(
          `Could not fetch ${this.branch} from ${this.url}:\n${message}\nNothing was changed. Fix: see that the address answers and that you may read it, then run the command again`,
          { cause: error },
        );
      }
    }
    return this.#git(["rev-parse", this.#tracking()]);
  }

  /**
   * Refuses a clone with uncommitted changes, or with commits on the branch that the remote lacks: its owner may think
   * that they count. Call it after {@link fetch}, before anything is written.
   */
  async refuseUnpublished(): Promise<void> {
    if ((await this.#git(["rev-parse", "--is-bare-repository"])) === "true") return;
    const files = await uncommittedPaths(this.#git, ["--untracked-files=no"]);
    if (files.length > 0) {
      throw new Error(
        `${this.#directory} has uncommitted changes: ${files.join(", ")}\nNothing was changed. Fix: commit and push them, or put them aside: git stash`,
      );
    }
    const local = `refs/heads/${this.branch}`;
    const mine = await this.#git(["rev-list", "--count", `${this.#tracking()}..${local}`]).catch(
      () => "0",
    );
    if (mine === "0") return;
    const theirs = await this.#git(["rev-list", "--count", `${local}..${this.#tracking()}`]);
    throw new Error(
      theirs === "0"
        ? `${this.branch} of ${this.#directory} has ${mine} commit(s) that ${this.#remote} lacks.\nNothing was changed. Fix: git push ${this.#remote} ${this.branch}`
        : `${this.branch} of ${this.#directory} has diverged: ${mine} commit(s) that ${this.#remote} lacks, ${theirs} that it lacks itself.\nNothing was changed. Fix: git pull --rebase ${this.#remote} ${this.branch}, then git push ${this.#remote} ${this.branch}`,
    );
  }

  /** Returns the files of a commit that `select` accepts: text by path. */
  files(commit: string, select: (path: string) => boolean): Promise<Map<string, string>> {
    return readFiles(this.#git, commit, select);
  }

  /** Returns the commits that changed a file, newest first, at most 200. */
  async history(commit: string, path: string): Promise<Change[]> {
    const format = "--format=%H%x00%an%x00%aI%x00%s";
    const log = await this.#git(["log", `-${historyLimit}`, format, commit, "--", path]);
    const entries = log === "" ? [] : log.split("\n").map((line) => line.split("\0"));
    const texts = await readObjects(
      this.#git,
      entries.map(([hash = ""]) => `${hash}:${path}`),
    );
    return entries.map(([hash = "", author = "", date = "", subject = ""], index) => ({
      commit: hash,
      author,
      date: new Date(date),
      subject,
      text: texts[index],
    }));
  }

  /** Returns the versions of the files below some folders along the branch's first parents, newest first. */
  async versions(commit: string, folders: readonly string[]): Promise<FileVersion[]> {
    const log = await this.#git([
      "log",
      // A merge counts as one change at the time of the merge: that is when the branch's readers saw it.
      ...["--first-parent", "-m", "--raw", "--no-abbrev", "--no-renames"],
      "--format=%x01%H%x00%an%x00%cI%x00%s",
      ...[commit, "--", ...folders],
    ]);
    return versionsIn(log);
  }

  /** Returns the texts of blobs; undefined where there is none. */
  texts(blobs: readonly string[]): Promise<(string | undefined)[]> {
    return readObjects(this.#git, blobs);
  }

  /**
   * Writes a folder of a commit to disk, for programs that read files.
   * @param directory where to write; must exist
   */
  async checkOut(commit: string, path: string, directory: string): Promise<void> {
    // An archive, because a bare repository has no work tree to check out.
    const archive = join(directory, ".archive.tar");
    await this.#git(["archive", "--output", archive, commit, "--", path]);
    await execa("tar", ["-xf", archive, "-C", directory]);
    rmSync(archive);
  }

  /**
   * Commits an edit on the newest head of the branch and pushes it. If somebody else has pushed meanwhile, the edit is
   * made again on the new head.
   * @throws Error from the edit, or when the push is refused
   */
  async commit(edit: Edit): Promise<Committed> {
    for (let attempt = 1; ; attempt++) {
      const head = await this.fetch();
      const made = await this.#make(head, edit);
      if (made.commit === undefined) return made;
      try {
        await this.#ask([
          "push",
          "--quiet",
          this.#remote,
          `${made.commit}:refs/heads/${this.branch}`,
        ]);
        return made;
      } catch (error) {
        const message = gitMessage(error);
        if (attempt < attempts && isRace(message)) {
          await aWhile(attempt);
          continue;
        }
        throw this.#refused(`The push of ${this.branch}`, attempt, message, error);
      }
    }
  }

  /**
   * Commits an edit on the branch's newest head and pushes it as a new branch. A branch of that name with the same change
   * of the same file is taken as it is: a run that failed after its push can be run again.
   * @throws Error when that branch has another change, or when the push is refused
   */
  async commitToBranch(name: string, edit: Edit): Promise<Committed> {
    const head = await this.fetch();
    const ref = `refs/heads/${name}`;
    const made = await this.#make(head, edit);
    if (made.commit === undefined) return made;
    for (let attempt = 1; ; attempt++) {
      const branches = await this.branches();
      const there = branches.get(name);
      // Perhaps somebody else has pushed it since the last attempt, and perhaps the same change.
      if (there !== undefined) return this.#taken(name, there, edit, made);
      // Git keeps branches as files and folders: hold/prod and hold/prod/clock cannot both be.
      const other = [...branches.keys()].find(
        (branch) => name.startsWith(`${branch}/`) || branch.startsWith(`${name}/`),
      );
      if (other !== undefined) {
        throw new Error(
          `The branch ${other} is in the way: git cannot keep ${name} beside it.\nNothing was changed. Fix: merge it, or delete it: git push ${this.#remote} --delete ${other}`,
        );
      }
      try {
        await this.#ask([
          "push",
          "--quiet",
          // An empty value means that the branch must not exist.
          `--force-with-lease=${ref}:`,
          this.#remote,
          `${made.commit}:${ref}`,
        ]);
        return made;
      } catch (error) {
        const message = gitMessage(error);
        if (attempt < attempts && isRace(message)) {
          await aWhile(attempt);
          continue;
        }
        throw this.#refused(`The push of ${name}`, attempt, message, error);
      }
    }
  }

  /** Takes a branch that is there already as this edit's, if it is. */
  async #taken(name: string, commit: string, edit: Edit, made: Committed): Promise<Committed> {
    const isSame = await this.#isSameChange(`refs/heads/${name}`, commit, edit.path, made);
    const { trailer } = edit;
    const message = isSame ? await this.#git(["log", "-1", "--format=%B", commit]) : "";
    if (isSame && (trailer === undefined || message.split("\n").includes(trailer))) {
      return { ...made, commit };
    }
    throw new Error(
      `The branch ${name} already exists${isSame ? `, but its commit does not say "${trailer ?? ""}"` : ""}.\nNothing was changed. Fix: merge it, or delete it: git push ${this.#remote} --delete ${name}`,
    );
  }

  /** What to say of a push that was refused: by somebody who was faster each time, or for the server's own reason. */
  #refused(what: string, attempt: number, message: string, cause: unknown): Error {
    const times = attempt > 1 ? ` ${attempt} times` : "";
    return new Error(
      isRace(message)
        ? `${what} to ${this.url} was refused${times}: somebody else pushed first each time.\nNothing was changed. Fix: run the command again`
        : `${what} to ${this.url} was refused${times}:\n${message}\nNothing was changed.`,
      { cause },
    );
  }

  /** Runs a git command that asks the remote. */
  async #ask(args: readonly string[]): Promise<string> {
    const timer = setTimeout(() => {
      this.#onWait(addressWithoutSecrets(this.url));
    }, quietMs);
    try {
      return await this.#git(args);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Returns the remote's branches: each one's newest commit by its name. */
  async branches(): Promise<Map<string, string>> {
    const listing = await this.#ask(["ls-remote", "--heads", this.#remote]);
    return new Map(
      listing
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => {
          const [commit = "", ref = ""] = line.split("\t");
          return [ref.slice("refs/heads/".length), commit];
        }),
    );
  }

  /** Returns the command that deletes a branch of the remote, and so closes its pull request. */
  deleteCommand(branch: string): string {
    return `git push ${addressWithoutSecrets(this.url)} --delete ${branch}`;
  }

  /** Returns whether a remote branch is one commit that makes the same change of the same file. */
  async #isSameChange(
    ref: string,
    commit: string,
    path: string,
    made: Committed,
  ): Promise<boolean> {
    // Not by FETCH_HEAD: another command may work through the same clone.
    await this.#ask(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", this.#remote, ref]);
    const parents = await this.#git(["rev-list", "--parents", "--max-count=1", commit]);
    const [, parent = "", ...others] = parents.split(" ");
    const paths = await this.#git([
      "diff-tree",
      "--no-commit-id",
      "--name-only",
      "-r",
      "-z",
      commit,
    ]);
    const [before, after] = await readObjects(this.#git, [
      `${parent}:${path}`,
      `${commit}:${path}`,
    ]);
    const isSame = before === made.before && after === made.after;
    return others.length === 0 && paths === `${path}\0` && isSame;
  }

  #tracking(): string {
    return `refs/remotes/${this.#remote}/${this.branch}`;
  }

  /** Makes the commit of an edit on `parent`, in the object store only. */
  async #make(parent: string, { path, edit, message }: Edit): Promise<Committed> {
    const [text] = await readObjects(this.#git, [`${parent}:${path}`]);
    const after = edit(text);
    const before = text ?? "";
    if (after === before) return { commit: undefined, parent, before, after };
    return inScratchFolder("index", async (scratch) => {
      const env = { GIT_INDEX_FILE: join(scratch, "index") };
      await this.#git(["read-tree", parent], { env });
      const blob = await this.#git(["hash-object", "-w", "--stdin"], { input: after });
      await this.#git(["update-index", "--add", "--cacheinfo", `100644,${blob},${path}`], { env });
      const tree = await this.#git(["write-tree"], { env });
      const input = message(before, after);
      const commit = await this.#git(["commit-tree", tree, "-p", parent, "-F", "-"], { input });
      return { commit, parent, before, after };
    }).catch((error: unknown) => {
      const said = gitMessage(error);
      throw new Error(
        /tell me who you are|ident|user\.email/i.test(said)
          ? `git does not know who commits.\nFix: git config --global user.name "<your name>" && git config --global user.email <your address>`
          : `The commit could not be made: ${said}`,
        { cause: error },
      );
    });
  }
}
