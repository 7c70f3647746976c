import { hasKey, linesOf } from "../lib/yaml-edit.ts";
import { isHoldReason, isImageTag } from "./schema.ts";

/** A service file's hold. */
export interface Hold {
  /** The version that runs, whatever `image.tag` says. */
  readonly tag: string;
  /** Why: one line of 1 to 200 characters. */
  readonly reason: string;
}

/**
 * Returns a service file with a hold: three more lines, every other byte as it was. The new hold replaces an old one.
 *
 * @throws Error when the reason is not one line of 1 to 200 characters, or the tag is not an image tag
 */
export function setHold(text: string, { tag, reason }: Hold): string {
  if (!isHoldReason(reason)) {
    throw new Error(
      `${JSON.stringify(reason)} is not a valid reason for a hold; it must be one line of text, at most 200 characters.`,
    );
  }
  if (!isImageTag(tag)) throw new Error(`"${tag}" is not an image tag to hold a service at.`);
  const lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  // JSON's quoted text is valid YAML.
  const lines = ["hold:", `  tag: ${tag}`, `  reason: ${JSON.stringify(reason)}`, ""].join(
    lineBreak,
  );
  const range = linesOf(text, ["hold"]);
  if (range) return text.slice(0, range[0]) + lines + text.slice(range[1]);
  return text === "" || text.endsWith("\n") ? text + lines : text + lineBreak + lines;
}

/**
 * Returns a service file without its hold; the same text when it has none.
 *
 * @throws Error when the hold shares its line with something else
 */
export function dropHold(text: string): string {
  const range = linesOf(text, ["hold"]);
  if (range) return text.slice(0, range[0]) + text.slice(range[1]);
  if (hasKey(text, ["hold"])) {
    throw new Error("The hold shares its line with another key. Write each key on its own line.");
  }
  return text;
}
