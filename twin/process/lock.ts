import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, rmdirSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { writeNew } from "../../lib/write-file.ts";
import { isAlive, processIdentity } from "./pid.ts";

const Holder = z.strictObject({ pid: z.int(), identity: z.string(), token: z.string() });
type Holder = z.infer<typeof Holder>;

const pollMs = 50;
/** Removing a dead holder's lock takes milliseconds. A process that needs longer than this has died while doing it. */
const recoveryMs = 5_000;

/**
 * Runs `work` while holding the lock file `path`, which only one process of this machine can hold. A lock whose holder died
 * is taken over. Not re-entrant: `work` must not take the same lock.
 *
 * @param limitMs how long to wait for another holder before an error names it. Default 10 minutes.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  limitMs = 600_000,
): Promise<T> {
  const me: Holder = {
    pid: process.pid,
    identity: processIdentity(process.pid) ?? "",
    token: randomUUID(),
  };
  const deadline = Date.now() + limitMs;
  while (!writeNew(path, JSON.stringify(me))) {
    const holder = readHolder(path);
    if (holder !== undefined && !isAlive(holder.pid, holder.identity)) {
      takeAway(path, holder);
      continue;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `${path}: held by process ${holder?.pid ?? "unknown"} for more than ${limitMs / 1000} s. ` +
          `Wait for that command to end, or end it, and try again.`,
      );
    }
    await sleep(pollMs);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Removes a dead holder's lock. Of two waiters that find it, the second must not remove the lock that the first one takes. */
function takeAway(path: string, dead: Holder): void {
  const guard = `${path}.recovery`;
  try {
    mkdirSync(guard);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    const since = statSync(guard, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > recoveryMs) rmdirSync(guard);
    return;
  }
  try {
    if (readHolder(path)?.token === dead.token) rmSync(path, { force: true });
  } finally {
    rmdirSync(guard);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
