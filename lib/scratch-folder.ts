import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeTree } from "./remove-tree.ts";

/**
 * Gives what `work` gives, which has a folder of its own while it runs.
 *
 * @param name part of the folder's name, for whoever finds one that a crash left behind
 */
export async function inScratchFolder<T>(
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `idp-${name}-`));
  try {
    return await work(folder);
  } finally {
    removeTree(folder);
  }
}
