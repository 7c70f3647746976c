import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";

/** Files that keep what they say: the pages tell of the platform as it was made, the licence of who made it. */
const untouched = /^(docs\/|LICENSE$|package-lock\.json$)/;

/** Every tracked text file of the repository, but for those that a fork leaves as they are. */
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
