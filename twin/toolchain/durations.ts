import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

const Durations = z.record(z.string(), z.number().nonnegative());

/** Seconds by tool, as the last build of each took them here. Nothing but a forecast: a broken file counts as none. */
export function readDurations(path: string): Readonly<Record<string, number>> {
  try {
    return Durations.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return {};
  }
}

/** Remembers how long a build took. */
export function rememberDuration(path: string, tool: string, seconds: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const durations = { ...readDurations(path), [tool]: Math.round(seconds) };
  writeFileSync(path, `${JSON.stringify(durations, null, 2)}\n`);
}
