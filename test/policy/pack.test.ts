import { expect } from "chai";
import type { Exception } from "../../policy/exceptions.ts";
import { policiesOf, type Policy } from "../../policy/pack.ts";
import { environmentOf, inputsOf, manifestOf } from "../../policy/plan.ts";
import { platformOf } from "../../policy/platform.ts";
import type { Rule } from "../../policy/rule.ts";
import { rules } from "../../policy/rules/index.ts";
import { unknownValue } from "../../policy/values.ts";
import { applications, prod } from "./support.ts";

const today = new Date("2026-11-24T12:00:00Z");
const rule: Rule = {
  name: "things-are-blue",
  reason: "Blue is calm.",
  fix: "paint it",
  severity: "low",
  link: "../docs/blue.md",
  levels: { dev: "disabled", staging: "advisory", prod: "mandatory" },
  unknown: "refuse",
  resource: ({ props, protect }) =>
    props["colour"] === "blue"
      ? []
      : [
          {
            path: "colour",
            found: [String(props["colour"]), ...(protect ? ["protected"] : [])].join(", "),
            allowed: "must be blue",
          },
        ],
};
const exception: Exception = {
  rule: "things-are-blue",
  environment: "prod",
  where: "Thing one",
  owner: "platform-team",
  reason: "no paint",
  until: "2026-11-24",
};

/** What stands for a map that a preview does not know (see plan.ts). */
const unknownObject = "dd056dcd-154b-4c76-9bd3-c8f88648b5ff";

/** What the policies are asked of, and with what. */
interface Asked {
  readonly type?: string;
  readonly props?: Readonly<Record<string, unknown>>;
  readonly protect?: boolean;
  readonly exceptions?: readonly Exception[];
  /** By policy. */
  readonly config?: Readonly<Record<string, object>>;
  readonly now?: Date;
}

/** Inputs as the library hands them to a policy: reading what is not known throws. */
function throwing(props: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return new Proxy(
    { ...props },
    {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        if (value === unknownObject) throw new Error(`${String(key)} is not known`);
        return value;
      },
    },
  );
}

/** A resource as the library hands it to a policy. */
function planned(stack: string, { type = "test:index:Thing", props, protect = false }: Asked) {
  return {
    type,
    name: "one",
    urn: `urn:pulumi:${stack}::idp::${type}::one`,
    props: throwing(props ?? { colour: "red" }),
    opts: {
      protect,
      ignoreChanges: [],
      aliases: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
      additionalSecretOutputs: [],
    },
    isType: () => false,
    asType: () => undefined,
  };
}

/** What the policies report, each behind its own name. */
function reported(
  given: readonly Rule[],
  asked: Asked,
  ask: (
    policy: Policy,
    about: Pick<
      Parameters<Policy["validateStack"]>[0],
      "stackTags" | "getConfig" | "notApplicable"
    >,
    report: (message: string) => void,
  ) => void,
): string[] {
  const { exceptions = [], config = {}, now = today } = asked;
  return policiesOf(given, prod, exceptions, now).flatMap((policy) => {
    const said: string[] = [];
    const about = {
      stackTags: new Map<string, string>(),
      // As the library declares it: whoever asks says what it is.
      getConfig: () => Object(config[policy.name] ?? {}) as never,
      notApplicable: (reason?: string): never => {
        throw new Error(reason);
      },
    };
    ask(policy, about, (message) => said.push(`${policy.name}: ${message}`));
    return said;
  });
}

/** What the policies report of one resource. */
const verdicts = (given: readonly Rule[], stack: string, asked: Asked = {}) =>
  reported(given, asked, ({ validateResource }, about, report) => {
    void validateResource({ ...planned(stack, asked), ...about }, report);
  });

/** What the policies report of a stack of resources of these types. */
const stackVerdicts = (
  given: readonly Rule[],
  stack: string,
  types: readonly string[],
  asked: Asked = {},
) =>
  reported(given, asked, ({ validateStack }, about, report) => {
    const resources = types.map((type) => ({
      ...planned(stack, { ...asked, type }),
      ...{ dependencies: [], propertyDependencies: {} },
    }));
    void validateStack({ resources, ...about }, report);
  });

const text = (level: string, found = "red") =>
  `Thing one (plan) ${level} things-are-blue: colour: found ${found}; must be blue
    Why: Blue is calm.
    Fix: paint it
    Severity: low`;

describe("the policy pack", () => {
  it("has a policy for each level that looks, which runs all the rules of that level", () => {
    const policies = policiesOf([rule], prod, [], today);
    expect(policies.map(({ name, enforcementLevel }) => [name, enforcementLevel])).to.deep.equal([
      ["mandatory", "mandatory"],
      ["advisory", "advisory"],
    ]);
    expect(verdicts([rule], "prod")).to.deep.equal([`mandatory: ${text("error")}`]);
    expect(verdicts([rule], "staging")).to.deep.equal([`advisory: ${text("warning")}`]);
    expect(verdicts([rule], "dev")).to.deep.equal([]);
    expect(verdicts([rule], "prod", { props: { colour: "blue" } })).to.deep.equal([]);
  });

  it("tells a rule whether a resource is protected", () => {
    expect(verdicts([rule], "prod", { protect: true })).to.deep.equal([
      `mandatory: ${text("error", "red, protected")}`,
    ]);
  });

  it("holds a stack of another name to prod's promises", () => {
    expect(environmentOf("urn:pulumi:prod-copy::idp::a:b:C::d")).to.equal("prod");
    expect(environmentOf("")).to.equal("prod");
    expect(verdicts([rule], "mine")).to.deep.equal([`mandatory: ${text("error")}`]);
  });

  it("runs a rule where its policy's configuration says", () => {
    const config = { mandatory: { "things-are-blue": ["dev"] } };
    expect(verdicts([rule], "prod", { config })).to.deep.equal([]);
    expect(verdicts([rule], "dev", { config })).to.deep.equal([`mandatory: ${text("error")}`]);
    expect(verdicts([rule], "staging", { config })).to.deep.equal([`advisory: ${text("warning")}`]);
    const milder = {
      mandatory: { "things-are-blue": [] },
      advisory: { "things-are-blue": ["staging", "prod"] },
    };
    expect(verdicts([rule], "prod", { config: milder })).to.deep.equal([
      `advisory: ${text("warning")}`,
    ]);
  });

  it("refuses a configuration of a rule that there is not, or that looks at no plan", () => {
    const { name, resource, ...words } = rule;
    const offline: Rule = { ...words, name: `settings-${name}`, settings: () => [] };
    expect(resource).to.be.a("function");
    expect(() =>
      verdicts([rule, offline], "prod", {
        config: {
          mandatory: { "things-are-bleu": ["prod"], "settings-things-are-blue": ["prod"] },
        },
      }),
    ).to.throw(
      'the policy pack\'s configuration of "mandatory": found things-are-bleu, settings-things-are-blue; must be rules that look at plans. ' +
        "Fix: take the names from policy/README.md",
    );
  });

  it("tells the engine what it can be configured with", () => {
    const [mandatory, advisory] = policiesOf([rule], prod, [], today);
    const property = {
      type: "array",
      items: { type: "string", enum: ["dev", "staging", "prod"] },
      description: "Blue is calm.",
    };
    expect(mandatory?.configSchema).to.deep.equal({
      properties: { "things-are-blue": { ...property, default: ["prod"] } },
    });
    expect(advisory?.configSchema).to.deep.equal({
      properties: { "things-are-blue": { ...property, default: ["staging"] } },
    });
  });

  it("sees of definitions of kinds, and of components that read objects, only that they are there", () => {
    const inputsOf: Rule = {
      ...rule,
      resource: ({ props }) => [
        { path: "", found: String(props["colour"]), allowed: "must be blue" },
      ],
    };
    for (const [type, colour] of [
      ["kubernetes:yaml:ConfigGroup", "undefined"],
      ["kubernetes:yaml/v2:ConfigFile", "undefined"],
      ["kubernetes:helm.sh/v4:Chart", "undefined"],
      ["kubernetes:helm.sh/v3:Release", "red"],
      ["kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "undefined"],
      ["kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinitionPatch", "red"],
    ] as const) {
      const [said = "", ...more] = verdicts([inputsOf], "prod", { type });
      expect(more).to.deep.equal([]);
      expect(said, type).to.include(`found ${colour};`);
    }
  });

  it("judges a stack as a whole", () => {
    const whole: Rule = {
      ...rule,
      stack: (resources) => [
        { path: "", found: String(resources.length), allowed: "must be none" },
      ],
    };
    const schema = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";
    expect(stackVerdicts([whole], "prod", ["a:b:C", schema])).to.deep.equal([
      "mandatory: Stack prod (plan) error things-are-blue: found 1; must be none\n" +
        "    Why: Blue is calm.\n    Fix: paint it\n    Severity: low",
    ]);
    expect(stackVerdicts([rule], "prod", ["a:b:C"])).to.deep.equal([]);
  });

  it("refuses automated sync that is not known", () => {
    const props = { ...applications, spec: unknownObject };
    const type = "kubernetes:argoproj.io/v1alpha1:ApplicationSet";
    const said = verdicts(rules, "prod", { type, props });
    expect(said.filter((line) => line.includes("prod-applications-sync-manually"))).to.deep.equal([
      "mandatory: ApplicationSet argocd/services (plan) error prod-applications-sync-manually: " +
        "spec: found a value that is not known before the update; must be written out in prod\n" +
        "    Why: A person starts every change of prod, whoever wrote it and however it gets there.\n" +
        '    Fix: leave syncPolicy.automated, templatePatch, rollingSync and operation out; idp:argoCd.sync is "manual" in Pulumi.prod.yaml\n' +
        "    Severity: critical",
    ]);
  });

  it("excepts what somebody answers for", () => {
    const exceptions = [exception];
    expect(verdicts([rule], "prod", { exceptions })).to.deep.equal([]);
    expect(verdicts([rule], "staging", { exceptions })).to.have.length(1);
  });

  it("fails by an exception that has run out, once and in its environment", () => {
    const exceptions = [exception];
    const said = (stack: string, now: Date) =>
      stackVerdicts([], stack, ["a:b:C"], { exceptions, now });
    expect(said("prod", today)).to.deep.equal([]);
    expect(said("dev", new Date("2026-11-25"))).to.deep.equal([]);
    expect(said("prod", new Date("2026-11-25"))).to.deep.equal([
      `mandatory: Thing one (plan) error exceptions-are-current: until: found 2026-11-24; must not be past: things-are-blue for Thing one is no longer excepted
    Why: An exception ends on the day that was agreed on.
    Fix: ask platform-team; correct what was excepted, or agree on another day in policy/exceptions.yaml
    Severity: high`,
    ]);
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
      settings: prod.settings,
    });
  });

  it("gives text that equals nothing for what is missing or broken", () => {
    for (const config of [{}, { "idp:aws": "{", "idp:repository": "[]" }]) {
      const { accountId, registryHost, repositoryUrl, branch } = platformOf(config);
      const texts = [accountId, registryHost, repositoryUrl, branch];
      expect(texts.filter((value) => !value.startsWith("(not known"))).to.deep.equal([]);
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

describe("inputsOf", () => {
  it("knows the text that stands for an unknown value of each type", () => {
    const sentinels = {
      boolean: "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
      number: "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
      text: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
      list: "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
      asset: "030794c1-ac77-496b-92df-f27374a8bd58",
      archive: "e48ece36-62e2-4504-bad9-02848725956a",
      map: unknownObject,
    };
    expect(Object.values(inputsOf(sentinels))).to.deep.equal(
      Object.keys(sentinels).map(() => unknownValue),
    );
  });

  it("marks what is not known, however deep, where the library's proxy would throw", () => {
    const props = { a: [{ b: unknownObject }, 1, null], c: "text", d: unknownObject };
    expect(inputsOf(throwing(props))).to.deep.equal({
      a: [{ b: unknownValue }, 1, null],
      c: "text",
      d: unknownValue,
    });
  });
});
