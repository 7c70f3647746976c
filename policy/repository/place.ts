import type { Place } from "../../catalog/finding.ts";

/**
 * Where in a source text the last keys of a path stand: the keys are looked for one after the other, each below the one
 * before, and what the text does not have is passed over. For templates and TypeScript, which have no tree to walk.
 *
 * @param path dotted, as violations have it; `[0]` is no key
 */
export function placeIn(file: string, text: string, path: string): Place {
  const lines = text.split("\n");
  let [line, column] = [0, 0];
  for (const key of path.replaceAll(/\[\d+\]/g, "").split(".")) {
    const pattern = new RegExp(`(?<![\\w."'])["']?${escaped(key)}["']?\\??:`);
    const next = lines.findIndex((content, index) => index >= line && pattern.test(content));
    if (key === "" || next < 0) continue;
    [line, column] = [next, (lines[next] ?? "").search(pattern)];
  }
  return { file, line: line + 1, column: column + 1 };
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w]/g, String.raw`\$&`);
}
