/**
 * Comments and pages that name a file which is not there: `node test/architecture/paths.ts` prints them and fails.
 * Strings in code are left out, for tests name files that they make; links of pages are checked by
 * test/docs/documentation.test.ts.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../../lib/paths.ts";
import { filesOf } from "./sources.ts";

/** A path in a comment or page, and where. */
interface Named {
  readonly file: string;
  readonly line: number;
  readonly path: string;
}

/** Pages that say what was: their paths are of their day. */
const history = /^(CHANGELOG\.md|docs\/decisions\/\d)/;

const upstream = "a file of another project's sources";
const made = "a command makes it";

/** What is named though git has no such file, and why. */
const notInGit: Readonly<Record<string, string>> = {
  "twin.json": made,
  "staging-state.json": made,
  "github-app.json": made,
  "import.json": made,
  "kubernetes.yaml": made,
  "PulumiPlugin.yaml": made,
  "install.yaml": upstream,
  "config/install.yaml": upstream,
  "manifests/install.yaml": upstream,
  "manifests/ha/install.yaml": upstream,
  "sdk/go/common/resource/plugin/rpc.go": upstream,
  "sdk/go/common/resource/properties.go": upstream,
  "sdk/nodejs/cmd/run/index.ts": upstream,
  ".github/workflows/build.yml": "a service's repository has it",
  ".github/workflows/release.yml": "a service's repository has it",
  "Node.js": "a program's name",
};

/** The comment of a line by the ending of its file: behind its sign, or in a block whose lines begin with a star. */
const comments: Readonly<Record<string, RegExp>> = {
  ".ts": /^\s*(?:\/\*\*?|\*)(.*)|(?:^|\s)\/\/ (.*)/,
  ".js": /^\s*(?:\/\*\*?|\*)(.*)|(?:^|\s)\/\/ (.*)/,
  ".go": /(?:^|\s)\/\/ (.*)/,
  ".yml": /(?:^|\s)# (.*)/,
  ".yaml": /(?:^|\s)# (.*)/,
  ".tpl": /(.*)/,
  ".md": /(.*)/,
  Makefile: /(?:^|\s)##? (.*)/,
  run: /(?:^|\s)# (.*)/,
};

const endings = "ts|js|cjs|mjs|md|go|tpl|ya?ml|json|patch|txt";
/** A word that ends as a file does, or has a slash and begins with a folder of the repository. */
const path = new RegExp(
  String.raw`(?<![\w/.@$:<>~-])(?:\.{1,2}/)*(?:[\w.@<>*{},-]+/)*[\w.@<>*{},-]*[\w>}](?:\.(?:${endings})\b|/)(?![\w/*<])`,
  "g",
);

/** The paths that one file's comments name; of a page, all of its text. */
export function pathsIn(file: string, text: string): Named[] {
  const kind = Object.keys(comments).find((ending) => file.endsWith(ending)) ?? "";
  const comment = comments[kind];
  if (comment === undefined) return [];
  return text.split("\n").flatMap((line, index) => {
    const words = comment.exec(line)?.slice(1).find(Boolean) ?? "";
    return [...words.replaceAll(/\w+:\/\/\S+/g, "").matchAll(path)].map(([found]) => ({
      file,
      line: index + 1,
      path: found,
    }));
  });
}

/** Whether a path, which may have `*`, `<name>` and `{a,b}` in it, is one of the files, or a folder of them. */
export function isThere(named: Named, files: readonly string[]): boolean {
  const folders = new Set(files.flatMap(foldersOf));
  const pattern = named.path
    .replace(/^(?:\.{1,2}\/|<owner>\/idp\/)+/, "")
    .replaceAll(/[.+^$()|[\]\\]/g, "\\$&")
    .replaceAll(/\{([^}]*)\}/g, (_, names: string) => `(?:${names.replaceAll(",", "|")})`)
    .replaceAll(/\*\*\/?|\*|<[^>]*>|\b(?:ENV|SERVICE)\b/g, ".*");
  const ends = new RegExp(`(?:^|/)${pattern}$`);
  return files.some((file) => ends.test(file)) || [...folders].some((folder) => ends.test(folder));
}

function foldersOf(file: string): string[] {
  const folder = dirname(file);
  return folder === "." ? [] : [`${folder}/`, ...foldersOf(folder)];
}

/** Every path below `root` that leads nowhere, as a line to print. */
export async function missingPaths(root: string): Promise<string[]> {
  const files = await filesOf(root);
  const tops = new Set(files.map((file) => file.split("/")[0] ?? ""));
  return (
    files
      .filter((file) => !history.test(file))
      .flatMap((file) => pathsIn(file, readFileSync(join(root, file), "utf8")))
      .filter(({ path }) => !(path in notInGit))
      // A folder is one of ours when the first of its names is.
      .filter(({ path }) => !path.endsWith("/") || tops.has(path.split("/")[0] ?? ""))
      .filter((named) => !isThere(named, files))
      .map(
        ({ file, line, path }) =>
          `${file}:${line}: comments-name-files: found ${path}; there is no such file. Fix: the path, or leave it out`,
      )
  );
}

if (import.meta.main) {
  const missing = await missingPaths(repositoryRoot);
  for (const line of missing) console.error(line);
  if (missing.length > 0) process.exitCode = 1;
}
