import type { Clock } from "../../../lib/clock.ts";

/** Time at which every {@link FakeClock} begins. */
export const startOfTime = "2026-01-01T00:00:00.000Z";

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now = Date.parse(startOfTime);
  readonly #timers = new Set<{ readonly at: number; readonly wake: (isTime: boolean) => void }>();

  readonly now = (): number => this.#now;

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<boolean> =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve(false);
        return;
      }
      const timer = { at: this.#now + ms, wake: resolve };
      this.#timers.add(timer);
      signal?.addEventListener("abort", () => {
        this.#timers.delete(timer);
        resolve(false);
      });
    });

  /** How many wait. */
  get sleepers(): number {
    return this.#timers.size;
  }

  /** Seconds since the clock began. */
  get seconds(): number {
    return (this.#now - Date.parse(startOfTime)) / 1000;
  }

  /** Moves the time on, from one waiting timer to the next; what each wakes has run before the next is due. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.wake(true);
      await settle();
    }
    this.#now = end;
  }
}

/** Lets everything run that waits for nothing but promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
