import { committedLists, type Allowed } from "../allowed.ts";
import { madeByCluster } from "../eks.ts";
import { factsOf, isRequired } from "../facts.ts";
import type { Context, Resource, Rule, Violation } from "../rule.ts";
import { objectName } from "../subjects.ts";
import { firstUnknown, unknownValue, violation } from "../values.ts";

/** The rule for lists of what stacks may hold; {@link stacksHoldWhatIsListed} has those of policy/allowed. */
export function closedWorld(allowed: Allowed): Rule {
  return {
    name: "stacks-hold-what-is-listed",
    reason:
      "Roads past a list of what is forbidden never end; what a stack holds and grants is known, and a new line of it is reviewed.",
    fix: "leave it out; if the program means it, run make allowed, and have the new line reviewed",
    severity: "critical",
    link: "../docs/decisions/0015-a-plan-is-a-closed-world.md",
    levels: { dev: "advisory", staging: "mandatory", prod: "mandatory" },
    unknown: "wait",
    resource: (resource, context) =>
      [resource, ...madeByCluster(resource)].flatMap((one) => unlisted(one, context, allowed)),
    undeclared: (object) => [
      {
        path: "",
        found: `${objectName(object)}, which no stack made`,
        allowed: "must not be in Argo CD's namespace",
      },
    ],
  };
}

export const stacksHoldWhatIsListed = closedWorld(committedLists);

function unlisted(
  resource: Pick<Resource, "type" | "name" | "props">,
  context: Context,
  allowed: Allowed,
): Violation[] {
  const { environment } = context;
  const { identity, content } = factsOf(resource, context);
  const asLine = (line: string) => `as this line of policy/allowed/${environment}.txt: ${line}`;
  if (identity === undefined) {
    return [violation(["metadata", "name"], unknownValue, "must be listed in policy/allowed")];
  }
  const lines = allowed[environment].get(identity);
  if (!lines) {
    return [{ path: "", found: identity, allowed: `must be listed ${asLine(identity)}` }];
  }
  const held = new Set(content.map(({ line }) => line));
  const isKnown = !content.some(({ value }) => firstUnknown(value));
  return [
    ...content
      .filter(({ line }) => !lines.has(line))
      .map(({ line, path, value }) => violation(path, value, `must be listed ${asLine(line)}`)),
    ...(isKnown ? [...lines].filter((line) => isRequired(line) && !held.has(line)) : []).map(
      (line) => ({ path: "", found: "nothing", allowed: `must be there ${asLine(line)}` }),
    ),
  ];
}
