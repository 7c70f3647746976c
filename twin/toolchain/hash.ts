import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** Content by path, relative with `/`. */
export type Files = ReadonlyMap<string, Uint8Array>;

/**
 * Returns a short hash of a build's sources. It changes if any file or any of `facts` changes, but does not depend on the
 * order in which the file system lists the files.
 */
export function hashOf(files: Files, facts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const fact of facts) hash.update(`fact ${fact.length}\n${fact}`);
  for (const [path, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`file ${path} ${content.length}\n`).update(content);
  }
  return hash.digest("hex").slice(0, 12);
}

/** Returns every file below a folder. */
export function readFolder(folder: string): Files {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path).split(sep).join("/"), readFileSync(path)]),
  );
}
