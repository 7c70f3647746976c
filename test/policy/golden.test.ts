import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { formatFinding } from "../../catalog/finding.ts";
import { environments, type Environment } from "../../config/environments.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { platformOf } from "../../policy/platform.ts";
import type { Resource } from "../../policy/rule.ts";
import { rules } from "../../policy/rules/index.ts";
import { stacksHoldWhatIsListed } from "../../policy/rules/stacks-hold-what-is-listed.ts";
import { resourceSubjects, stackSubject } from "../../policy/subjects.ts";
import { goldenFacts } from "../support/golden.ts";

/** What a stack registers by its golden file. The mocks keep no options: what is protected a run on the engine shows. */
function resourcesOf(golden: string): Resource[] {
  const file = join(import.meta.dirname, `../golden/${golden}.json`);
  const entries = JSON.parse(readFileSync(file, "utf8")) as {
    resource: string;
    inputs: Record<string, unknown>;
  }[];
  return entries.map(({ resource, inputs }) => {
    const [type = "", name = ""] = resource.split(" ");
    return { type, name, props: inputs, protect: true };
  });
}

/** The golden stacks hold stand-ins of the releases; allowed-lines.test.ts asks the list about the real ones. */
const asked = rules.filter((rule) => rule !== stacksHoldWhatIsListed);

describe("the rules on the golden stacks", () => {
  const added = new Map(
    resourcesOf("prod-with-runner").map((resource) => [
      `${resource.type} ${resource.name}`,
      resource,
    ]),
  );
  const withRunner = [
    ...resourcesOf("prod").filter(({ type, name }) => !added.has(`${type} ${name}`)),
    ...added.values(),
  ];
  const stacks: readonly (readonly [string, Environment, readonly Resource[]])[] = [
    ...environments.map((name) => [name, name, resourcesOf(name)] as const),
    ["prod with a runner in the VPC", "prod", withRunner],
  ];
  for (const [name, environment, resources] of stacks) {
    const context = {
      environment,
      ...platformOf({
        "idp:aws": JSON.stringify(goldenFacts.accounts[environment]),
        "idp:repository": JSON.stringify({ url: goldenFacts.url, branch: goldenFacts.branch }),
      }),
    };

    it(`accept ${name}`, () => {
      expect(resources).not.to.deep.equal([]);
      const inPlan = () => ({ seen: "plan" as const });
      const subjects = [
        ...resources.flatMap((resource) => resourceSubjects(resource, inPlan)),
        stackSubject(resources, environment, inPlan),
      ];
      const said = evaluate(asked, subjects, context, [], new Date()).map(formatFinding);
      expect(said).to.deep.equal([]);
    });
  }
});
