import { readFileSync } from "node:fs";
import { join } from "node:path";
import { finding, type Finding } from "../../catalog/finding.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { fixOf, type Problem } from "../../config/problems.ts";
import { readSettings } from "../../config/settings-problems.ts";
import { namespace, type StackFile } from "../../config/stack-files.ts";
import { withDecidedAccount } from "../program/runnable.ts";

/**
 * What is wrong with a stack's committed settings by their own schema, each at its place. An account that is not decided
 * yet is not wrong here: a run refuses it.
 *
 * @param root where the stack files are
 * @param stackFiles those of all environments
 */
export function settingsFindings(
  root: string,
  { environment, file, settings }: StackFile,
  stackFiles: readonly StackFile[],
): Finding[] {
  const neighbours = stackFiles.filter((other) => other.environment !== environment);
  const read = readSettings(withDecidedAccount(settings), neighbours);
  if (read.settings) return [];
  const yaml = readYaml(file, readFileSync(join(root, file), "utf8"));
  return read.problems.map((problem) =>
    finding(yaml.placeOf(["config", ...pathOf(problem)], "key"), {
      rule: "settings-are-valid",
      key: `${namespace}:${problem.key}`,
      found: problem.found,
      allowed: problem.allowed,
      fix: fixOf(environment, problem),
    }),
  );
}

/** `cluster.access[0].level` as the way to it in a stack file. */
function pathOf({ key }: Problem): (string | number)[] {
  const [group = "", ...rest] = key
    .split(/[.[\]]/)
    .filter((part) => part !== "")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return [`${namespace}:${group}`, ...rest];
}
