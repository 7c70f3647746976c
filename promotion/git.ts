import { execa, ExecaError } from "execa";

/** Options for one run of git. */
interface GitOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** `latin1` gives each byte of the output as one character, the last line break too. @default text in UTF-8 */
  readonly encoding?: "utf8" | "latin1";
}

/** Runs git in one repository and returns its output without the last line break. */
export type Git = (args: readonly string[], options?: GitOptions) => Promise<string>;

/**
 * After this long without a byte git gives up a connection over HTTP (git-config(1), http.lowSpeedTime). `base` may name
 * others.
 */
const patience = { GIT_HTTP_LOW_SPEED_LIMIT: "1", GIT_HTTP_LOW_SPEED_TIME: "60" };

/** Returns a {@link Git} for `cwd` that adds `base` to the environment of each run. It never asks for a password. */
export function gitIn(cwd: string, base: Readonly<Record<string, string>> = {}): Git {
  return async (args, { env = {}, input = "", encoding = "utf8" } = {}) => {
    const { stdout } = await execa("git", [...args], {
      cwd,
      input,
      encoding,
      stripFinalNewline: encoding === "utf8",
      env: { ...patience, ...base, ...env, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" },
    });
    return stdout;
  };
}

/** Returns what git printed when it failed; any other error as text. */
export function gitMessage(error: unknown): string {
  if (!(error instanceof ExecaError)) return String(error);
  const stderr: unknown = error.stderr;
  const said = typeof stderr === "string" ? stderr.trim() : "";
  return said === "" ? error.shortMessage : said;
}

/** Returns whether git gave up only because another run of git was faster, there or in the same clone. */
export function isRace(message: string): boolean {
  return /non-fast-forward|fetch first|cannot lock ref|failed to update ref|incorrect old value|remote ref updated|stale info|reference already exists|unable to create '.*\.lock'/i.test(
    message,
  );
}

/**
 * Returns the paths with uncommitted changes.
 * @param args for `git status`, such as `--untracked-files=no` or the folders to look at
 */
export async function uncommittedPaths(git: Git, args: readonly string[]): Promise<string[]> {
  const status = await git(["status", "--porcelain", "-z", "--no-renames", ...args]);
  // Each entry is a state of two letters, a space and the path.
  return status
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => entry.slice(3));
}

/** Returns the files of a revision that `select` accepts: text by path. */
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

/**
 * Returns the text of each blob in `names` (such as `main:README.md`); undefined where there is none. Bytes that are no UTF-8
 * become U+FFFD, which the readers of service files refuse.
 */
export async function readObjects(
  git: Git,
  names: readonly string[],
): Promise<(string | undefined)[]> {
  if (names.length === 0) return [];
  const input = `${names.join("\n")}\n`;
  // As bytes: git counts them, and decoded text may have more or fewer.
  const output = await git(["cat-file", "--batch"], { input, encoding: "latin1" });
  const bytes = Buffer.from(output, "latin1");
  let at = 0;
  // For each name git prints a line ending in the blob's size in bytes, the content and a line break; or "... missing".
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

/** Returns a remote's address without any user name and password. */
export function addressWithoutSecrets(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, "$1");
}
