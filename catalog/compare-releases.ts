import { compareVersions } from "../lib/version.ts";
import { isRelease } from "./schema.ts";

/**
 * Compares two release tags `vX.Y.Z`, number by number: negative when the first is older. Anything that is not a
 * release counts as older than every release.
 */
export function compareReleases(a: string, b: string): number {
  return compareVersions(numbersOf(a), numbersOf(b));
}

function numbersOf(tag: string): string {
  return isRelease(tag) ? tag.slice(1) : "-1";
}
