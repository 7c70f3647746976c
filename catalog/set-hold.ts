import { linesOf, rootOf, withoutKey } from "../lib/yaml-edit.ts";
import { isHoldReason, isImageTag } from "./schema.ts";

/** A service file's hold. */
export interface Hold {
  /** The version that runs, whatever `image.tag` says. */
  readonly tag: string;
  /** Why: one line of 1 to 200 printable characters. */
  readonly reason: string;
}

/**
 * Returns a service file with a hold: three more lines, or one more key where the file is written in braces; every other
 * byte as it was. The new hold replaces an old one.
 *
 * @throws Error when the reason is not one line of 1 to 200 printable characters, or the tag is not an image tag
 */
export function setHold(text: string, { tag, reason }: Hold): string {
  if (!isHoldReason(reason)) {
    throw new Error(
      `${escaped(reason)} is not a valid reason for a hold; it must be one line of printable text, at most 200 characters.`,
    );
  }
  if (!isImageTag(tag)) throw new Error(`"${tag}" is not an image tag to hold a service at.`);
  // JSON's quoted text is valid YAML.
  const quoted = JSON.stringify(reason);
  const root = rootOf(text);
  if (root?.flow) {
    const bare = dropHold(text);
    const end = rootOf(bare)?.end ?? root.end;
    return `${bare.slice(0, end)}, "hold": { "tag": "${tag}", "reason": ${quoted} }${bare.slice(end)}`;
  }
  const lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = ["hold:", `  tag: ${tag}`, `  reason: ${quoted}`]
    .map((line) => `${root?.indent ?? ""}${line}${lineBreak}`)
    .join("");
  const end = root?.end ?? text.length;
  const [from, to] = linesOf(text, ["hold"]) ?? [end, end];
  const before = text.slice(0, from);
  const gap = before === "" || before.endsWith("\n") ? "" : lineBreak;
  return before + gap + lines + text.slice(to);
}

/**
 * Returns a service file without its hold; the same text when it has none.
 *
 * @throws Error when the hold shares its line with something else
 */
export function dropHold(text: string): string {
  const without = withoutKey(text, "hold");
  if (without === undefined) {
    throw new Error("The hold shares its line with another key. Write each key on its own line.");
  }
  return without;
}

/** Text in quotes, with an escape for whatever does not print. */
function escaped(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e\p{L}\p{M}\p{N}\p{P}\p{S}]/gu,
    (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
