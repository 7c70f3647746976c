/**
 * Compares two release tags `vX.Y.Z`, number by number: negative when the first is older. What is no release is older
 * than every release.
 */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  const differing = left.findIndex((number, index) => number !== right[index]);
  return differing < 0 ? 0 : (left[differing] ?? 0) - (right[differing] ?? 0);
}

function numbersOf(tag: string): readonly [number, number, number] {
  const [, major, minor, patch] = /^v(\d+)\.(\d+)\.(\d+)$/.exec(tag) ?? [];
  return patch === undefined ? [-1, -1, -1] : [Number(major), Number(minor), Number(patch)];
}
