import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

const Durations = z.record(z.string(), z.number().nonnegative());

/** Returns how many seconds the last build of each tool took here. It is only a forecast: a broken file counts as empty. */
export function readDurations(path: string): Readonly<Record<string, number>> {
  try {
    return Durations.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return {};
  }
}

/** Saves how long a build took. */
export function rememberDuration(path: string, tool: string, seconds: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const durations = { ...readDurations(path), [tool]: Math.round(seconds) };
  writeFileSync(path, `${JSON.stringify(durations, null, 2)}\n`);
}
