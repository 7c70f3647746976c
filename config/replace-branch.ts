import { posix } from "node:path";

/** Whether a path is a workflow's. */
const isWorkflow = (path: string) =>
  posix.dirname(path) === ".github/workflows" && path.endsWith(".yml");

/**
 * Returns a function that puts the deployed branch into a workflow: GitHub evaluates no expression where a trigger names
 * its branches, so they stand in the files themselves. Other files stay as they are.
 */
export function branchReplacer(branch: string): (path: string, text: string) => string {
  return (path, text) =>
    isWorkflow(path)
      ? text.replaceAll(
          /(?<=\bbranches: \[)[^\],]+(?=\])|(?<='refs\/heads\/)[^']+(?=')/g,
          () => branch,
        )
      : text;
}
