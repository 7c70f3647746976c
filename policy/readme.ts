import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Rule } from "./rule.ts";
import { rules } from "./rules/index.ts";

/** The pack's README, from the rules themselves. */
export function readmeOf(all: readonly Rule[]): string {
  return `${intro}
${all.map(section).join("\n")}`;
}

const intro = `<!-- Made from the rules by policy/readme.ts; a test keeps it current. Rewrite: make rules -->

# The platform's rules

A rule is a pure function in \`rules/\`, with a test of its own in \`test/policy/\`. The same functions stand at two doors, and look behind them:

- **the plan**: \`pulumi preview --policy-pack policy\` and \`pulumi up --policy-pack policy\`. Before the engine makes or
  changes a resource, every rule has looked at its inputs. What a preview does not know yet is either refused or judged
  in the update, as the rule says: an update knows every input before it makes the resource. With \`--skip-preview\`
  the update makes what comes before the refused resource: preview first.
- **the pull request**: \`npx idp check\`. It looks at the service files, the charts rendered with each of them, the
  settings, and what the program makes of the settings for Argo CD. \`--format github\` annotates the pull request,
  \`--format sarif\` feeds code scanning, \`--base origin/main\` compares versions with what they were.
- **what is there**: \`npx idp audit <environment>\`. It looks at the stack's state and at Argo CD's resources in the
  cluster, whoever made them, and reports drift beside them.

## Levels

\`mandatory\` stops, \`advisory\` says, \`disabled\` does not look. The defaults are below; a stack whose name is no
environment is held to prod's. Another level, or other environments, by a file for \`--policy-pack-config\`:

\`\`\`json
{
  "plans-hide-nothing": "advisory",
  "cluster-endpoint-is-not-open": { "environments": ["dev", "staging", "prod"] }
}
\`\`\`

Where a rule is advisory, the engine knows it as \`<rule>-advice\`; its part that looks at the whole stack may be
\`<rule>-in-stack\`.

## Exceptions

\`exceptions.yaml\` is the one place for a breach that somebody answers for: rule, place, owner, reason and last day.
All three read it; from the day after, they fail.

## The rules
`;

/** The faces of a rule and the words for them. */
const doors = [
  ["resource", "plan"],
  ["manifest", "plan, and what the program makes for Argo CD"],
  ["stack", "plan as a whole"],
  ["settings", "settings"],
  ["workload", "rendered charts"],
  ["release", "rendered charts"],
  ["version", "service files"],
] as const;

function section(rule: Rule): string {
  const looked = doors.filter(([face]) => rule[face]).map(([, words]) => words);
  const levels = Object.entries(rule.levels).map(
    ([environment, level]) => `${environment} ${level}`,
  );
  return `### ${rule.name}

${rule.reason}

- Fix: ${escaped(rule.fix)}
- Looks at: ${[...new Set(looked)].join("; ")}
- Levels: ${levels.join(", ")}; severity ${rule.severity}; not known in a preview: ${rule.unknown === "refuse" ? "refused" : "judged in the update"}
- More: [${rule.link.replace(/^https:\/\//, "")}](${rule.link})
`;
}

/** Text of which Markdown must not make anything. */
function escaped(text: string): string {
  return text.replaceAll(/[<*_]/g, String.raw`\$&`);
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(import.meta.dirname, "README.md"), readmeOf(rules));
}
