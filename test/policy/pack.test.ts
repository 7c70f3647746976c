import { expect } from "chai";
import type { ResourceValidationArgs, StackValidationArgs } from "@pulumi/policy";
import type { Exception } from "../../policy/exceptions.ts";
import { policiesOf } from "../../policy/pack.ts";
import { environmentOf, fromPlan, manifestOf } from "../../policy/plan.ts";
import { platformOf } from "../../policy/platform.ts";
import type { Rule } from "../../policy/rule.ts";
import { rules } from "../../policy/rules/index.ts";
import { unknownValue } from "../../policy/values.ts";
import { applications, prod } from "./support.ts";

const today = new Date("2026-11-24T12:00:00Z");
const levels = { dev: "disabled", staging: "advisory", prod: "mandatory" } as const;
const rule: Rule = {
  name: "things-are-blue",
  reason: "Blue is calm.",
  mend: "paint it",
  severity: "low",
  link: "../docs/blue.md",
  levels,
  unknown: "refuse",
  resource: ({ props }) =>
    props["colour"] === "blue"
      ? []
      : [{ path: "colour", found: String(props["colour"]), allowed: "must be blue" }],
};
const exception: Exception = {
  rule: "things-are-blue",
  environment: "prod",
  where: "test:Thing one",
  owner: "platform-team",
  reason: "no paint",
  until: "2026-11-24",
};

/** What stands for a map that a preview does not know (see plan.ts). */
const unknownObjectValue = "dd056dcd-154b-4c76-9bd3-c8f88648b5ff";

/** Inputs as @pulumi/policy gives them: behind a proxy, which here lets nobody look except behind it. */
function behind(props: object): Record<string, unknown> {
  return new Proxy<Record<string, unknown>>(
    {},
    {
      get: (_target, key) => {
        if (key === "__getSpecialProxyTarget") return props;
        throw new Error(`looked at ${String(key)} through the proxy`);
      },
    },
  );
}

/** What a resource is judged with, beside the stack. */
interface Judged {
  readonly type?: string;
  readonly props?: object;
  readonly exceptions?: readonly Exception[];
  readonly config?: object;
  readonly now?: Date;
}

/** Runs the resource policies as the engine's server does: each with its configuration and a proxy over the inputs. */
function verdicts(
  given: readonly Rule[],
  stack: string,
  {
    type = "test:Thing",
    props = { colour: "red" },
    exceptions = [],
    config = {},
    now = today,
  }: Judged = {},
): string[] {
  return policiesOf(given, prod, exceptions, now).flatMap((policy) => {
    if (!("validateResource" in policy) || typeof policy.validateResource !== "function") return [];
    const said: string[] = [];
    const args = {
      type,
      name: "one",
      urn: `urn:pulumi:${stack}::idp::${type}::one`,
      props: behind(props),
      opts: { protect: false },
      getConfig: () => config,
    } as unknown as ResourceValidationArgs;
    void policy.validateResource(args, (message) => {
      said.push(`${policy.enforcementLevel ?? ""} ${policy.name}: ${message}`);
    });
    return said;
  });
}

describe("the policy pack", () => {
  const message = "colour: found red; must be blue\n    Fix: paint it";

  it("refuses where the rule is mandatory, hints where it is advisory, rests where it is disabled", () => {
    expect(verdicts([rule], "prod")).to.deep.equal([`mandatory things-are-blue: ${message}`]);
    expect(verdicts([rule], "staging")).to.deep.equal([
      `advisory things-are-blue-advice: ${message}`,
    ]);
    expect(verdicts([rule], "dev")).to.deep.equal([]);
  });

  it("holds a stack of another name to prod's promises", () => {
    expect(environmentOf("urn:pulumi:prod-copy::idp::a:b:C::d")).to.equal("prod");
    expect(environmentOf("")).to.equal("prod");
    expect(verdicts([rule], "mine")).to.deep.equal([`mandatory things-are-blue: ${message}`]);
  });

  it("looks where its configuration says", () => {
    const config = { environments: ["dev"] };
    expect(verdicts([rule], "prod", { config })).to.deep.equal([]);
    expect(verdicts([rule], "dev", { config })).to.deep.equal([
      `mandatory things-are-blue: ${message}`,
      `advisory things-are-blue-advice: ${message}`,
    ]);
  });

  it("refuses automated sync that is not known, where @pulumi/policy alone would hint", () => {
    const props = { ...applications, spec: unknownObjectValue };
    const type = "kubernetes:argoproj.io/v1alpha1:ApplicationSet";
    const said = verdicts(rules, "prod", { type, props });
    expect(said.filter((text) => text.includes("prod-applications-sync-manually"))).to.deep.equal([
      "mandatory prod-applications-sync-manually: spec: found a value that is not known before the update; must be written out in prod\n" +
        '    Fix: leave syncPolicy.automated, templatePatch, rollingSync and operation out; idp:argoCd.sync is "manual" in Pulumi.prod.yaml',
    ]);
  });

  it("excepts what somebody answers for, to its last day and no longer", () => {
    const exceptions = [exception];
    const tomorrow = new Date("2026-11-25T00:00:00Z");
    expect(verdicts([rule], "prod", { exceptions })).to.deep.equal([]);
    expect(verdicts([rule], "prod", { exceptions, now: tomorrow })).to.have.length(1);
    expect(verdicts([rule], "staging", { exceptions })).to.have.length(1);
    for (const other of [{ rule: "other" }, { where: "test:Thing two" }]) {
      expect(verdicts([rule], "prod", { exceptions: [{ ...exception, ...other }] })).to.have.length(
        1,
      );
    }
  });

  it("fails by an exception that has run out, in its environment", () => {
    const said = (stack: string, now: Date) => {
      const messages: string[] = [];
      const [policy] = policiesOf([], prod, [exception], now);
      if (!policy) return [];
      if (!("validateStack" in policy)) throw new Error("no stack policy");
      const resources = [{ urn: `urn:pulumi:${stack}::idp::a:b:C::d` }];
      void policy.validateStack({ resources } as unknown as StackValidationArgs, (message) =>
        messages.push(message),
      );
      return messages;
    };
    expect(said("prod", today)).to.deep.equal([]);
    expect(said("dev", new Date("2026-11-25"))).to.deep.equal([]);
    expect(said("prod", new Date("2026-11-25"))).to.deep.equal([
      "things-are-blue for test:Thing one: found its last day 2026-11-24; must not be past\n" +
        "    Fix: ask platform-team; mend it, or write another day in policy/exceptions.yaml",
    ]);
  });

  it("has names that the engine takes, each once", () => {
    const names = policiesOf(rules, prod, [], today).map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    expect(names.filter((name) => !/^[a-zA-Z0-9-_.]{1,100}$/.test(name))).to.deep.equal([]);
  });
});

describe("platformOf", () => {
  it("reads the settings as the engine hands them over", () => {
    expect(
      platformOf({
        "idp:aws": '{"accountId":"100000000003","region":"us-west-2"}',
        "idp:repository": '{"url":"https://github.com/acme/idp","branch":"main"}',
      }),
    ).to.deep.equal({
      accountId: prod.accountId,
      registryHost: prod.registryHost,
      repositoryUrl: prod.repositoryUrl,
      branch: "main",
    });
  });

  it("gives text that equals nothing for what is missing or broken", () => {
    for (const config of [{}, { "idp:aws": "{", "idp:repository": "[]" }]) {
      const values = Object.values(platformOf(config));
      expect(values.filter((value) => !value.startsWith("(not known"))).to.deep.equal([]);
    }
  });
});

describe("manifestOf", () => {
  const cases: [type: string, props: Record<string, unknown>, expected: unknown][] = [
    ["aws:kms/key:Key", { kind: "ConfigMap" }, undefined],
    ["kubernetes:core/v1:ConfigMap", {}, { apiVersion: "v1", kind: "ConfigMap" }],
    ["kubernetes:v1:ConfigMap", {}, { apiVersion: "v1", kind: "ConfigMap" }],
    [
      "kubernetes:argoproj.io/v1alpha1:ApplicationPatch",
      {},
      { apiVersion: "argoproj.io/v1alpha1", kind: "Application" },
    ],
    [
      "kubernetes:argoproj.io/v1alpha1:Thing",
      { kind: "Application" },
      { apiVersion: "argoproj.io/v1alpha1", kind: "Application" },
    ],
  ];
  for (const [type, props, expected] of cases) {
    it(`sees ${JSON.stringify(expected)} in ${type}`, () => {
      expect(manifestOf({ type, props })).to.deep.equal(expected);
    });
  }
});

describe("fromPlan", () => {
  it("marks what is not known, however deep", () => {
    expect(fromPlan({ a: [{ b: unknownObjectValue }, 1, null], c: "text" })).to.deep.equal({
      a: [{ b: unknownValue }, 1, null],
      c: "text",
    });
  });
});
