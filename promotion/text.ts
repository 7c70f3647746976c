import type { BoardCluster } from "./board.ts";

/** The beginning of a digest, enough to tell two apart; "?" when it is not known. */
export function shortDigest(digest: string | null): string {
  return digest === null ? "?" : digest.slice(0, "sha256:".length + 12);
}

const units = [
  ["d", 24 * 60 * 60],
  ["h", 60 * 60],
  ["min", 60],
] as const;

/** An age in its largest whole unit, such as `3 d`; "?" when it is not known. */
export function ageText(seconds: number | null): string {
  if (seconds === null) return "?";
  const [unit, length] = units.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}

/** The newest of the tags that wait and how many more there are; "-" for none, "?" when it is not known. */
export function waitingText(waiting: readonly string[] | null): string {
  if (waiting === null) return "?";
  const [newest, ...more] = waiting;
  if (newest === undefined) return "-";
  return more.length === 0 ? newest : `${newest} and ${more.length} more`;
}

/** The tags that run; "-" for none, "?" when it is not known. */
export function runsText(cluster: BoardCluster | null): string {
  if (cluster === null) return "?";
  return cluster.images.map(({ tag }) => tag).join(", ") || "-";
}

/** A time to the minute, such as `2026-01-31 09:05 UTC`. */
export function timeText(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** A text of somebody else's on one line of a terminal: nothing in it can move the cursor or change colours. */
export function lineText(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ");
}
