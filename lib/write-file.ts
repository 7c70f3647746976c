import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file that appears whole or not at all: it is written beside its place, then renamed. Missing folders are
 * made for their owner only.
 *
 * @param mode permissions of a new file. Default 0600, for its owner only
 */
export function writeWhole(file: string, content: string | Uint8Array, mode = 0o600): void {
  renameSync(writeAside(file, content, mode), file);
}

/**
 * Like {@link writeWhole}, but only where there is no such file yet: of several who try, one writes it.
 *
 * @returns whether it was this one
 */
export function writeNew(file: string, content: string | Uint8Array, mode = 0o600): boolean {
  const aside = writeAside(file, content, mode);
  try {
    // Unlike a rename, a hard link refuses to replace.
    linkSync(aside, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function writeAside(file: string, content: string | Uint8Array, mode: number): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const aside = `${file}.${process.pid}.new`;
  writeFileSync(aside, content, { mode });
  return aside;
}
