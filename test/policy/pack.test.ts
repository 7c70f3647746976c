import { expect } from "chai";
import type { Exception } from "../../policy/exceptions.ts";
import {
  breachesOf,
  policiesOf,
  stackBreachesOf,
  type Breach,
  type PackConfig,
} from "../../policy/pack.ts";
import { environmentOf, fromPlan, manifestOf } from "../../policy/plan.ts";
import { platformOf } from "../../policy/platform.ts";
import type { Level, Rule } from "../../policy/rule.ts";
import { rules } from "../../policy/rules/index.ts";
import { unknownValue } from "../../policy/values.ts";
import { applications, prod } from "./support.ts";

const today = new Date("2026-11-24T12:00:00Z");
const levels = { dev: "disabled", staging: "advisory", prod: "mandatory" } as const;
const rule: Rule = {
  name: "things-are-blue",
  reason: "Blue is calm.",
  fix: "paint it",
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

/** What a resource is judged with, beside the stack. */
interface Judged {
  readonly type?: string;
  readonly props?: Readonly<Record<string, unknown>>;
  readonly exceptions?: readonly Exception[];
  readonly config?: PackConfig;
  readonly now?: Date;
}

const shown = ({ level, policy, message }: Breach) => `${level} ${policy.name}: ${message}`;
const urnIn = (stack: string, type = "test:Thing") => `urn:pulumi:${stack}::idp::${type}::one`;

/** What the policies say of one resource. */
function verdicts(
  given: readonly Rule[],
  stack: string,
  {
    type = "test:Thing",
    props = { colour: "red" },
    exceptions = [],
    config = new Map(),
    now = today,
  }: Judged = {},
): string[] {
  const registered = { type, name: "one", urn: urnIn(stack, type), props, protect: false };
  return breachesOf(policiesOf(given, prod, exceptions, now), config, registered).map(shown);
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

  it("looks where its configuration says, at the level that it says", () => {
    const both = (level: Level, held?: readonly unknown[]): PackConfig =>
      new Map(
        ["things-are-blue", "things-are-blue-advice"].map((name) => [
          name,
          { level, environments: held },
        ]),
      );
    expect(verdicts([rule], "prod", { config: both("mandatory", ["dev"]) })).to.deep.equal([]);
    expect(verdicts([rule], "dev", { config: both("advisory", ["dev"]) })).to.deep.equal([
      `advisory things-are-blue: ${message}`,
      `advisory things-are-blue-advice: ${message}`,
    ]);
    expect(verdicts([rule], "prod", { config: both("disabled") })).to.deep.equal([]);
    expect(verdicts([rule], "staging", { config: both("mandatory") })).to.deep.equal([
      `mandatory things-are-blue-advice: ${message}`,
    ]);
  });

  it("looks at no definition of a kind, and at no component that reads objects", () => {
    for (const [type, count] of [
      ["kubernetes:yaml:ConfigGroup", 0],
      ["kubernetes:yaml/v2:ConfigFile", 0],
      ["kubernetes:helm.sh/v4:Chart", 0],
      ["kubernetes:helm.sh/v3:Release", 1],
      ["kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", 0],
      ["kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinitionPatch", 1],
    ] as const) {
      expect(verdicts([rule], "prod", { type })).to.have.length(count);
    }
  });

  it("judges a stack as a whole, under a name of its own where the rule looks at resources, too", () => {
    const whole: Rule = {
      ...rule,
      stack: (resources) => [
        { path: "", found: String(resources.length), allowed: "must be none" },
      ],
    };
    const said = (given: Rule, ...types: string[]) =>
      stackBreachesOf(
        policiesOf([given], prod, [], today),
        new Map(),
        types.map((type) => ({ type, name: "one", urn: urnIn("prod"), props: {}, protect: false })),
      ).map(shown);
    const schema = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";
    expect(said(whole, "a:b:C", schema)).to.deep.equal([
      "mandatory things-are-blue-in-stack: found 1; must be none\n    Fix: paint it",
    ]);
    expect(said(rule, "a:b:C")).to.deep.equal([]);
  });

  it("refuses automated sync that is not known", () => {
    const props = { ...applications, spec: unknownValue };
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
      const resource = { type: "a:b:C", name: "d", urn: urnIn(stack), props: {}, protect: false };
      const policies = policiesOf([], prod, [exception], now);
      return stackBreachesOf(policies, new Map(), [resource]).map(shown);
    };
    expect(said("prod", today)).to.deep.equal([]);
    expect(said("dev", new Date("2026-11-25"))).to.deep.equal([]);
    expect(said("prod", new Date("2026-11-25"))).to.deep.equal([
      "mandatory exceptions-are-current: things-are-blue for test:Thing one: found its last day 2026-11-24; must not be past\n" +
        "    Fix: ask platform-team; correct it, or write another day in policy/exceptions.yaml",
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
  it("shows a secret", () => {
    const marked = (kind: string) => ({
      "4dabf18193072939515e22adb298388d": kind,
      value: unknownObjectValue,
    });
    expect(fromPlan({ a: [marked("1b47061264138c4ac30d75fd1eb44270")] })).to.deep.equal({
      a: [unknownValue],
    });
    expect(fromPlan(marked("asset"))).to.have.keys("4dabf18193072939515e22adb298388d", "value");
  });

  it("marks what is not known, however deep", () => {
    expect(fromPlan({ a: [{ b: unknownObjectValue }, 1, null], c: "text" })).to.deep.equal({
      a: [{ b: unknownValue }, 1, null],
      c: "text",
    });
  });
});
