import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { doors } from "./doors.ts";
import type { Rule } from "./rule.ts";
import { rules } from "./rules/index.ts";

/** The pack's README, from the rules themselves. */
export function readmeOf(all: readonly Rule[]): string {
  return `${intro}
${doorTable(all)}

${levelsAndExceptions}
${all.map(section).join("\n")}`;
}

const intro = `<!-- Made from the rules by policy/readme.ts; a test keeps it current. Rewrite: make rules -->

# The platform's rules

A rule is a pure function in \`rules/\`, with a test of its own in \`test/policy/\`. The same functions are asked at three doors:

- **pack**: \`pulumi preview --policy-pack policy\` and \`pulumi up --policy-pack policy\`. Before the engine makes or
  changes a resource, every rule has looked at its inputs. What a preview does not know yet is either refused or judged
  in the update, as the rule says: an update knows every input before it makes the resource. With \`--skip-preview\`
  the update makes what comes before the refused resource: preview first.
- **check**: \`npx idp check\`, for a pull request. It looks at the service files, the charts rendered with each of them,
  the settings, and what the program registers with these settings: it runs the program without an account. A wrong
  setting is reported once, where the settings say it. \`--format github\` annotates the pull request, \`--format sarif\`
  feeds code scanning, \`--base origin/main\` compares versions with what they were.
- **audit**: \`npx idp audit <environment>\`. It looks at the stack's state and at Argo CD's resources in the cluster,
  whoever made them, and reports drift beside them.

A check sees a component of another package, such as \`eks.Cluster\`, from outside; the resources that it makes are seen
by the pack and the audit.

One rule is the other way round: [stacks-hold-what-is-listed](#stacks-hold-what-is-listed) refuses whatever
\`allowed/\` does not list. \`everywhere.txt\` holds for every environment, the others for one; each line is a resource, or
something that it grants. After a wanted change of the program, of its settings or of a release: \`make allowed\`, and a
reviewer who reads its diff.

## Which rule is asked where
`;

const levelsAndExceptions = `## Levels

\`mandatory\` stops, \`advisory\` says, \`disabled\` does not look. The defaults are below; a stack whose name is no
environment is held to prod's. The engine knows two policies, \`mandatory\` and \`advisory\`, each of which runs all the
rules that have its level. A file for \`--policy-pack-config\` names the environments in which a rule has it:

\`\`\`json
{
  "mandatory": {
    "plans-hide-nothing": ["staging"],
    "cluster-endpoint-is-not-open": ["dev", "staging", "prod"]
  },
  "advisory": { "plans-hide-nothing": ["dev", "prod"] }
}
\`\`\`

## Exceptions

\`exceptions.yaml\` is the one place for a breach that somebody answers for: rule, what breaks it, owner, reason and last
day. One entry holds at every door, because a finding calls the same thing by the same name everywhere. From the day
after, all three fail.

## The rules
`;

/** The kinds of subject and the words for them. */
const faces = [
  ["resource", "resources"],
  ["manifest", "Kubernetes objects"],
  ["stack", "the stack as a whole"],
  ["settings", "settings"],
  ["workload", "rendered charts"],
  ["release", "rendered charts"],
  ["version", "service files"],
  ["undeclared", "objects in Argo CD's namespace that no stack made"],
] as const;

function doorTable(all: readonly Rule[]): string {
  const names = Object.keys(doors);
  const rows = all.map((rule) => [
    `[${rule.name}](#${rule.name})`,
    ...Object.values(doors).map((looked) => (looked.some((face) => rule[face]) ? "yes" : "-")),
  ]);
  return [["rule", ...names], ["---", ...names.map(() => "---")], ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

function section(rule: Rule): string {
  const looked = faces.filter(([face]) => rule[face]).map(([, words]) => words);
  const levels = Object.entries(rule.levels).map(
    ([environment, level]) => `${environment} ${level}`,
  );
  const follows = rule.follows?.map((key) => `\`idp:${key}\``).join(" and ");
  return `### ${rule.name}

${rule.reason}

- Fix: ${escaped(rule.fix)}
- Looks at: ${[...new Set(looked)].join("; ")}
${follows === undefined ? "" : `- Also broken by a wrong ${follows}; a check then reports the setting alone\n`}- Levels: ${levels.join(", ")}; severity ${rule.severity}; not known in a preview: ${rule.unknown === "refuse" ? "refused" : "judged in the update"}
- More: [${rule.link.replace(/^https:\/\//, "")}](${rule.link})
`;
}

/** Text that Markdown shows as it is. */
function escaped(text: string): string {
  return text.replaceAll(/[<*_]/g, String.raw`\$&`);
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(import.meta.dirname, "README.md"), readmeOf(rules));
}
