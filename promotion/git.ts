import { execa, ExecaError } from "execa";

/** What a run of git may be given. */
export interface GitOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs git in one repository; gives what it printed, the last line break dropped. */
export type Git = (args: readonly string[], options?: GitOptions) => Promise<string>;

/** {@link Git} in `cwd`, with `base` in the environment of every run. Never asks for a password. */
export function gitIn(cwd: string, base: Readonly<Record<string, string>> = {}): Git {
  return async (args, { env = {}, input = "" } = {}) => {
    const { stdout } = await execa("git", [...args], {
      cwd,
      input,
      env: { ...base, ...env, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" },
    });
    return stdout;
  };
}

/** What git said when it failed, on as few lines as it used; any other error as text. */
export function gitMessage(error: unknown): string {
  if (!(error instanceof ExecaError)) return String(error);
  const stderr: unknown = error.stderr;
  const said = typeof stderr === "string" ? stderr.trim() : "";
  return said === "" ? error.shortMessage : said;
}

/**
 * Paths with changes that are not committed.
 * @param args of `git status`, such as `--untracked-files=no` or the folders to look at
 */
export async function uncommittedPaths(git: Git, args: readonly string[]): Promise<string[]> {
  const status = await git(["status", "--porcelain", "-z", "--no-renames", ...args]);
  // Each entry is a state of two letters, a blank and the path.
  return status
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => entry.slice(3));
}

/** The files of a revision that `select` takes: text by path. */
export async function readFiles(
  git: Git,
  revision: string,
  select: (path: string) => boolean,
): Promise<Map<string, string>> {
  const listing = await git(["ls-tree", "-r", "-z", "--name-only", revision]);
  const paths = listing.split("\0").filter((path) => path !== "" && select(path));
  const texts = await readObjects(
    git,
    paths.map((path) => `${revision}:${path}`),
  );
  return new Map(paths.map((path, index) => [path, texts[index] ?? ""]));
}

/** The blobs that `names` (such as `main:README.md`) stand for, as text; undefined where there is none. */
export async function readObjects(
  git: Git,
  names: readonly string[],
): Promise<(string | undefined)[]> {
  if (names.length === 0) return [];
  const output = await git(["cat-file", "--batch"], { input: `${names.join("\n")}\n` });
  const bytes = Buffer.from(output);
  let at = 0;
  // For each name a line that ends in the blob's size in bytes, its content and a line break; or one that ends in "missing".
  return names.map(() => {
    const end = bytes.indexOf("\n", at);
    const header = bytes.toString("utf8", at, end < 0 ? bytes.length : end);
    const size = Number(header.split(" ").at(-1));
    if (Number.isNaN(size)) {
      at = end + 1;
      return undefined;
    }
    const text = bytes.toString("utf8", end + 1, end + 1 + size);
    at = end + 1 + size + 1;
    return text;
  });
}

/** A remote's address without the name and password that it may have. */
export function addressWithoutSecrets(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1");
}
