import { isHoldReason } from "./schema.ts";
import { linesOf, scalarRange } from "./yaml.ts";

/**
 * A service file that is held for a reason: one line more, every other byte stays. A hold that is there gets the new
 * reason.
 *
 * @throws Error when `reason` is not one line of 1 to 200 characters
 */
export function setHold(text: string, reason: string): string {
  if (!isHoldReason(reason)) {
    throw new Error(
      `${JSON.stringify(reason)} is no reason of a hold; it must be one line of text, at most 200 characters.`,
    );
  }
  const lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  // JSON's text in quotes is YAML's too.
  const line = `hold: ${JSON.stringify(reason)}${lineBreak}`;
  const range = linesOf(text, ["hold"]);
  if (range) return text.slice(0, range[0]) + line + text.slice(range[1]);
  return text === "" || text.endsWith("\n") ? text + line : text + lineBreak + line;
}

/**
 * A service file without its hold; the same text when it has none.
 *
 * @throws Error when the hold shares its line with something else
 */
export function dropHold(text: string): string {
  const range = linesOf(text, ["hold"]);
  if (range) return text.slice(0, range[0]) + text.slice(range[1]);
  if (scalarRange(text, ["hold"])) {
    throw new Error(
      "The hold shares its line with another key. Write each key on a line of its own.",
    );
  }
  return text;
}
