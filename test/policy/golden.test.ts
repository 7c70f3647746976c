import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { environments, type Environment } from "../../config/environments.ts";
import { manifestOf } from "../../policy/plan.ts";
import { platformOf } from "../../policy/platform.ts";
import { judged, sentence, type Resource } from "../../policy/rule.ts";
import { rules } from "../../policy/rules/index.ts";
import { goldenFacts } from "../support/golden.ts";

/** What a stack registers by its golden file. The mocks keep no options: what is protected a run on the engine shows. */
function resourcesOf(environment: Environment): Resource[] {
  const file = join(import.meta.dirname, `../golden/${environment}.json`);
  const entries = JSON.parse(readFileSync(file, "utf8")) as {
    resource: string;
    inputs: Record<string, unknown>;
  }[];
  return entries.map(({ resource, inputs }) => {
    const [type = "", name = ""] = resource.split(" ");
    return { type, name, props: inputs, protect: true };
  });
}

describe("the rules on the golden stacks", () => {
  for (const environment of environments) {
    const context = {
      environment,
      ...platformOf({
        "idp:aws": JSON.stringify(goldenFacts.accounts[environment]),
        "idp:repository": JSON.stringify({ url: goldenFacts.url, branch: goldenFacts.branch }),
      }),
    };

    it(`rest on ${environment}`, () => {
      const resources = resourcesOf(environment);
      expect(resources).not.to.deep.equal([]);
      const said = rules
        .filter(({ levels }) => levels[environment] !== "disabled")
        .flatMap((rule) =>
          judged(rule, [
            ...(rule.stack?.(resources, context) ?? []),
            ...resources.flatMap((resource) => {
              const manifest = manifestOf(resource);
              return [
                ...(rule.resource?.(resource, context) ?? []),
                ...(manifest ? (rule.manifest?.(manifest, context) ?? []) : []),
              ];
            }),
          ]).map((violation) => `${rule.name}: ${sentence(violation)}`),
        );
      expect(said).to.deep.equal([]);
    });
  }
});
