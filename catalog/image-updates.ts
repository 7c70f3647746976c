import { finding, type Finding } from "./finding.ts";
import { readYaml } from "./yaml.ts";

/** What Image Updater writes at each update: the tag, and the name as it is. */
const written = ["repository", "tag"] as const;

/**
 * Returns a warning for each value of a valid service file that makes Image Updater format the whole file anew. It puts a
 * new value into its line only where both are plain text, and where it can count the line's characters as bytes
 * (patchHelmValuesInPlace of its version 1.3.0).
 */
export function imageUpdateFindings(file: string, text: string): Finding[] {
  const yaml = readYaml(file, text);
  const lines = text.split("\n");
  return written.flatMap((key) => {
    const path = ["image", key];
    const source = yaml.sourceOf(path) ?? "";
    const place = yaml.placeOf(path, "value");
    const before = lines[place.line - 1]?.slice(0, place.column - 1) ?? "";
    const isPlain = /^[a-z0-9]/.test(source);
    if (isPlain && /^[\0-\x7f]*$/.test(before)) return [];
    return finding(place, {
      rule: "image-update",
      level: "warning",
      key: path.join("."),
      found: isPlain ? "text that is not ASCII before it on its line" : source,
      allowed:
        "should be plain text on a line of its own: Image Updater else formats the whole file anew",
      fix: `write ${key}: ${source.replace(/^(["'])(.*)\1$/, "$2")} on a line of its own`,
    });
  });
}
