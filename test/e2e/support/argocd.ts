import { setTimeout as sleep } from "node:timers/promises";

/** Longer than Argo CD's interval in the twin with its jitter. */
const intervalMs = 25_000;

/**
 * Waits until every Argo CD of the twin has looked at git: what it would do by itself, it has done by then. It is not
 * asked to look sooner.
 */
export async function argoCdHasLooked(): Promise<void> {
  await sleep(intervalMs);
}
