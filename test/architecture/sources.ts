import { execa } from "execa";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The files of a working copy that git has or would take, below its root; those that are deleted are left out. */
export async function filesOf(root: string, ...patterns: readonly string[]): Promise<string[]> {
  const listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", ...patterns];
  const { stdout } = await execa("git", listing, { cwd: root });
  return stdout.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
}
