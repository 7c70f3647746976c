import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file that appears whole or not at all: it is written beside its place, then renamed. Missing folders are
 * made for their owner only.
 *
 * @param mode permissions of a new file. Default 0600, for its owner only
 */
export function writeWhole(file: string, content: string | Uint8Array, mode = 0o600): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const aside = `${file}.${process.pid}.new`;
  writeFileSync(aside, content, { mode });
  renameSync(aside, file);
}
