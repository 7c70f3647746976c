/**
 * Plays GitHub's concurrency groups: one job runs, and how many wait is the group's `queue`. `single`, the default, keeps
 * the newest; `max` keeps a hundred (changelog of 7 May 2026).
 */

/** A job that comes to its group. */
export interface Arrival {
  readonly name: string;
  readonly group: string;
  readonly queue: "single" | "max";
  readonly cancelInProgress: boolean;
}

const longest = 100;

/** Returns the jobs that GitHub cancels, when they come in this order and none ends meanwhile. */
export function evicted(arrivals: readonly Arrival[]): string[] {
  const gone: string[] = [];
  const groups = new Map<string, Arrival[]>();
  for (const arrival of arrivals) {
    const [running, ...waiting] = groups.get(arrival.group) ?? [];
    const [stays, leaves] = next(running, waiting, arrival);
    gone.push(...leaves.map(({ name }) => name));
    groups.set(arrival.group, stays);
  }
  return gone;
}

function next(
  running: Arrival | undefined,
  waiting: readonly Arrival[],
  arrival: Arrival,
): [Arrival[], readonly Arrival[]] {
  if (running === undefined) return [[arrival], []];
  if (arrival.cancelInProgress) return [[arrival], [running, ...waiting]];
  if (arrival.queue === "single") return [[running, arrival], waiting];
  if (waiting.length >= longest) return [[running, ...waiting], [arrival]];
  return [[running, ...waiting, arrival], []];
}
