import { setTimeout as wait } from "node:timers/promises";

/** The time, for code that waits. Tests pass a clock that they move themselves. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Resolves to true after `ms`, or to false as soon as the signal aborts. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<boolean>;
}

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await wait(ms, undefined, { signal });
      return true;
    } catch {
      return false; // Nothing but the signal ends a timer early.
    }
  },
};

/** The time now, as the Kubernetes API writes it. */
export function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
