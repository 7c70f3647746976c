import { setTimeout as sleep } from "node:timers/promises";

/** Longer than Argo CD's interval in the twin with its jitter. */
const intervalMs = 25_000;

/**
 * Waits until every Argo CD of the twin has looked at git: what it would do by itself, it has done by then. It is not
 * asked to look sooner. A refresh that an ApplicationSet is asked for makes its controller write the whole spec, and the
 * next `pulumi up` then conflicts with that owner.
 */
export async function argoCdHasLooked(): Promise<void> {
  await sleep(intervalMs);
}
