import { posix } from "node:path";

/** A file that names the deployed branch where it cannot read the settings. */
interface Naming {
  readonly isIn: (path: string) => boolean;
  readonly pattern: RegExp;
}

const namings: readonly Naming[] = [
  {
    // GitHub evaluates no expression where a trigger names its branches.
    isIn: (path) => posix.dirname(path) === ".github/workflows" && path.endsWith(".yml"),
    pattern: /(?<=\bbranches: \[)[^\],]+(?=\])|(?<='refs\/heads\/)[^']+(?=')/g,
  },
  {
    isIn: (path) => path === "config/main-branch.ts",
    pattern: /(?<=^export const mainBranch = ")[^"]+(?=";)/gm,
  },
];

/** Returns a function that puts the deployed branch into the workflows and into main-branch.ts. Other files stay as they are. */
export function branchReplacer(branch: string): (path: string, text: string) => string {
  return (path, text) =>
    namings
      .filter(({ isIn }) => isIn(path))
      .reduce((replaced, { pattern }) => replaced.replaceAll(pattern, () => branch), text);
}
