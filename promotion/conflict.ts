import { readServiceFile } from "../catalog/service.ts";

/**
 * Returns what stands against each other in a file that does not merge, as `conflict in <file>`: of a service file with the
 * two versions, such as `: main has v1.2.0, the branch has v1.1.0`.
 *
 * @param main the file's text on main; undefined where it was deleted
 * @param branch the same of the branch
 */
export function conflictText(
  file: string,
  main: string | undefined,
  branch: string | undefined,
): string {
  const [onMain, onBranch] = [versionText(main), versionText(branch)];
  if (onMain === undefined || onBranch === undefined) return `conflict in ${file}`;
  return onMain === onBranch
    ? `conflict in ${file}: main and the branch changed the same lines, both have ${onMain}`
    : `conflict in ${file}: main has ${onMain}, the branch has ${onBranch}`;
}

/** What a service file says of its version; undefined where the text is no service file. */
function versionText(text: string | undefined): string | undefined {
  if (text === undefined) return "deleted it";
  const content = readServiceFile(text);
  return content && `${content.tag}${content.hold ? " (held)" : ""}`;
}
