import type { BoardCluster } from "./board.ts";

/** Returns the beginning of a digest, enough to tell two apart; "?" when it is not known. */
export function shortDigest(digest: string | null): string {
  return digest === null ? "?" : digest.slice(0, "sha256:".length + 12);
}

const units = [
  ["d", 24 * 60 * 60],
  ["h", 60 * 60],
  ["min", 60],
] as const;

/** Returns an age in its largest whole unit, such as `3 d`; "?" when it is not known. */
export function ageText(seconds: number | null): string {
  if (seconds === null) return "?";
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}

/** Returns the newest waiting tag and how many more there are; "-" for none, "?" when it is not known. */
export function waitingText(waiting: readonly string[] | null): string {
  if (waiting === null) return "?";
  const [newest, ...more] = waiting;
  if (newest === undefined) return "-";
  return more.length === 0 ? newest : `${newest} and ${more.length} more`;
}

/** Returns the running tags; "-" for none, "?" when it is not known. */
export function runsText(cluster: BoardCluster | null): string {
  if (cluster === null) return "?";
  return cluster.images.map(({ tag }) => tag).join(", ") || "-";
}

/** Returns a time to the minute, such as `2026-01-31 09:05 UTC`. */
export function timeText(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Returns untrusted text for one line of a terminal: it can neither move the cursor nor change colours. */
export function lineText(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}
