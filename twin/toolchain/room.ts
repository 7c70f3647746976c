import { existsSync, rmSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ToolchainError } from "./error.ts";

/** What the largest build adds to the caches. */
const neededBytes = 5 * 2 ** 30;

/**
 * Makes room for one build. When the disk is short, what Go compiled for the tools before is deleted: it makes the
 * next build quicker, no more. Without that a cold build of all tools fills 16 GB and asks for 5 more; with it the modules'
 * 7 GB, the tools' one and these 5 are enough, and a runner of GitHub promises 14.
 *
 * @param cache the folder of all caches
 * @param say takes a line about what is deleted
 * @param freeIn how many bytes are left where a folder is
 * @throws ToolchainError when there is no room even so
 */
export function makeRoom(
  cache: string,
  say: (line: string) => void,
  freeIn: (folder: string) => number = freeBytes,
): void {
  const free = () => freeIn(existsSync(cache) ? cache : dirname(cache));
  const before = free();
  if (before >= neededBytes) return;
  const compiled = join(cache, "gobuild");
  if (existsSync(compiled)) {
    say(`toolchain: ${gigabytes(before)} GB left, so Go's build cache is deleted: ${compiled}`);
    rmSync(compiled, { recursive: true, force: true });
    if (free() >= neededBytes) return;
  }
  throw new ToolchainError(
    `${cache} has ${gigabytes(free())} GB left; building a tool may take ${gigabytes(neededBytes)} GB. ` +
      `Fix: make room, or put the cache elsewhere with IDP_CACHE=<folder>.`,
  );
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

const gigabytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
