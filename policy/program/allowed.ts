/**
 * Writes policy/allowed: a line for each resource that a stack may hold, and for each thing that it grants. With `--check`
 * it compares, and says which lines are to be added or taken out.
 */
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { readReleaseManifest } from "../../config/release-manifest.ts";
import { readStackFiles } from "../../config/stack-files.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { fileOf, linesOf, lists, type List } from "../allowed.ts";
import { unsaidTypes } from "../grants.ts";
import { allowedLines } from "./allowed-lines.ts";
import { recorder } from "./registrations.ts";

const header = `# What a stack may hold, and what each of its resources grants: docs/decisions/0015-a-plan-is-a-closed-world.md
# Made by make allowed. Each new line is a new thing in an account or a cluster: review it as such.
`;

const policy = join(import.meta.dirname, "..");

/** What differs between lines and those of the committed lists, as messages. */
export function differences(
  wanted: ReadonlyMap<List, readonly string[]>,
  committed: (list: List) => readonly string[],
): string[] {
  return lists.flatMap((list) => {
    const [now, before] = [new Set(wanted.get(list)), new Set(committed(list))];
    const file = relative(repositoryRoot, fileOf(policy, list));
    return [
      ...[...now].filter((line) => !before.has(line)).map((line) => `${file} lacks: ${line}`),
      ...[...before].filter((line) => !now.has(line)).map((line) => `${file} has unused: ${line}`),
    ];
  });
}

/** Types of which nobody said what they grant, as messages. */
export function unsaid(wanted: ReadonlyMap<List, readonly string[]>): string[] {
  return unsaidTypes([...wanted.values()].flat()).map(
    (type) => `policy/grants.ts lacks: "${type}": which of its inputs grant or redirect power?`,
  );
}

if (process.argv[1] === import.meta.filename) {
  console.error("policy/allowed: running the program for each environment");
  const wanted = await allowedLines(
    repositoryRoot,
    readStackFiles(repositoryRoot),
    readReleaseManifest,
    recorder,
  );
  const isCheck = process.argv.includes("--check");
  if (!isCheck) {
    for (const [list, lines] of wanted) {
      writeFileSync(fileOf(policy, list), header + lines.map((line) => `${line}\n`).join(""));
    }
  }
  const wrong = [
    ...(isCheck ? differences(wanted, (list) => linesOf(policy, list)) : []),
    ...unsaid(wanted),
  ];
  for (const message of wrong) console.error(message);
  if (wrong.length > 0) {
    console.error("Fix: what is meant, make allowed writes; have each new line reviewed");
    process.exitCode = 1;
  }
}
