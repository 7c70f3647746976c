import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";

/** Files that a fork leaves as they are: pages describe the original platform, releases are pinned, the licence names its author. */
const untouched = /^(docs\/|config\/releases\/|LICENSE$|package-lock\.json$)/;

/** Returns every tracked text file of the repository, by path, except those that a fork leaves as they are. */
export async function ownedFiles(root: string): Promise<Map<string, string>> {
  const { stdout } = await execa("git", ["ls-files", "-z"], { cwd: root });
  const paths = stdout.split("\0").filter((path) => path !== "" && !untouched.test(path));
  return new Map(
    paths.flatMap((path) => {
      const text = textOf(join(root, path));
      return text === undefined || text.includes("\0") ? [] : [[path, text] as const];
    }),
  );
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // A tracked file that was deleted, a link that leads nowhere, a submodule.
    return undefined;
  }
}
