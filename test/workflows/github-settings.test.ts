import { expect } from "chai";
import { environments } from "../../config/environments.ts";
import { serviceVariables, sharedVariables, variablesOf } from "../../github/variables.ts";
import { allowedActions, requiredChecks } from "../../github/wanted.ts";
import { sources, workflows } from "./workflows.ts";

/** The workflows that service repositories call; they read that repository's variables. */
const isService = (path: string) => path.startsWith("workflows/service-");

/** Names of the variables that a text reads; `{0}` stands for a stack. */
function variablesIn(text: string): string[] {
  return [
    ...[...text.matchAll(/\bvars\.(\w+)/g)].map(([, name = ""]) => name),
    ...[...text.matchAll(/\bvars\[format\('([\w{}]+)'/g)].map(([, name = ""]) => name),
  ];
}

function platformReads(): string[] {
  const names = [...sources]
    .filter(([path]) => !isService(path))
    .flatMap(([, text]) => variablesIn(text))
    .flatMap((name) =>
      name.includes("{0}")
        ? environments.map((stack) => name.replace("{0}", stack.toUpperCase()))
        : [name],
    );
  return [...new Set(names)].sort();
}

describe("what idp github setup makes", () => {
  it("is every variable that the platform's workflows read, and no other", () => {
    const made = environments.flatMap((stack) => variablesOf(stack).map(({ name }) => name));
    expect(platformReads()).to.deep.equal([...made, ...Object.keys(sharedVariables)].sort());
  });

  it("is every variable that a service's workflows read, and no other", () => {
    const read = [...sources]
      .filter(([path]) => isService(path))
      .flatMap(([, text]) => [...text.matchAll(/\bIDP_[A-Z_]+\b/g)].map(([name]) => name));
    expect([...new Set(read)].sort()).to.deep.equal(Object.keys(serviceVariables).sort());
  });

  it("requires checks of jobs that run for every pull request, under their own names", () => {
    const always = [...workflows.values()].flatMap(({ on, jobs }) => {
      const trigger = on["pull_request"];
      const isFiltered =
        trigger != null && !Array.isArray(trigger) && (trigger.paths ?? trigger["paths-ignore"]);
      if (!("pull_request" in on) || isFiltered) return [];
      // A job with a matrix or an `if` can be skipped, and its check then has another name or no answer.
      return Object.entries(jobs).flatMap(([name, job]) =>
        job.strategy === undefined &&
        (job.if === undefined || job.if === "always()") &&
        job["name"] === undefined
          ? [name]
          : [],
      );
    });
    expect(requiredChecks.filter((check) => !always.includes(check))).to.deep.equal([]);
  });

  it("allows the actions that the workflows use, and no others", () => {
    const owners = [...sources.values()].flatMap((text) =>
      [...text.matchAll(/\buses: ([\w.-]+)\/[\w.-]+/g)].flatMap(([, owner = ""]) =>
        // GitHub's own are allowed as such; ./ is this repository.
        ["actions", "github", "."].includes(owner) ? [] : [`${owner}/*`],
      ),
    );
    expect([...new Set(owners)].sort()).to.deep.equal([...allowedActions].sort());
  });
});
