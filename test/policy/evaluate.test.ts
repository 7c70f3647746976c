import { expect } from "chai";
import type { Seen } from "../../catalog/finding.ts";
import { evaluate, type Subject } from "../../policy/evaluate.ts";
import type { Exception } from "../../policy/exceptions.ts";
import type { Face, Level, Rule } from "../../policy/rule.ts";
import { prod } from "./support.ts";

const today = new Date("2026-11-24T12:00:00Z");
const words = { severity: "low", link: "../docs/blue.md", unknown: "wait" } as const;
const levels = { dev: "disabled", staging: "advisory", prod: "mandatory" } as const;

const blue: Rule = {
  ...{ ...words, name: "blue", reason: "Blue is calm.", fix: "paint it", levels },
  manifest: ({ colour }, { environment }) =>
    colour === "blue"
      ? []
      : [{ path: "colour", found: String(colour), allowed: `must be blue in ${environment}` }],
};
const few: Rule = {
  ...{ ...words, name: "few", reason: "Few are cheap.", fix: "take some away", levels },
  release: (all) =>
    all.length < 2 ? [] : [{ path: "", found: String(all.length), allowed: "must be few" }],
};
const exception: Exception = {
  rule: "blue",
  environment: "prod",
  where: "Thing a",
  owner: "platform-team",
  reason: "no paint",
  until: "2026-11-24",
};

const inPlan = (): Seen => ({ seen: "plan" });
const thing = (name: string, colour: string): Subject<"manifest", Seen> => ({
  ...{ face: "manifest", value: { colour }, where: `Thing ${name}`, at: inPlan },
});
const release: Subject<"release", Seen> = {
  ...{ face: "release", value: [{}, {}], where: "Release a", at: inPlan },
};

/** What is found, one line each. */
function found(
  subjects: readonly Subject<Face, Seen>[],
  {
    rules = [blue, few],
    environment = "prod",
    exceptions = [],
    now = today,
  }: {
    readonly rules?: readonly Rule[];
    readonly environment?: "dev" | "staging" | "prod";
    readonly exceptions?: readonly Exception[];
    readonly now?: Date;
  } = {},
): string[] {
  return evaluate(rules, subjects, { ...prod, environment }, exceptions, now).map(
    ({ level, rule, where, message }) => `${level} ${rule} ${where ?? "?"}: ${message}`,
  );
}

describe("evaluate", () => {
  it("gives findings with all that their readers need", () => {
    const place = { file: "a.yaml", line: 1, column: 2 };
    const subject = { ...thing("a", "red"), at: () => place };
    expect(evaluate([blue], [subject], prod, [], today)).to.deep.equal([
      {
        ...place,
        rule: "blue",
        level: "error",
        where: "Thing a",
        severity: "low",
        key: "colour",
        found: "red",
        allowed: "must be blue in prod",
        fix: "paint it",
        reason: "Blue is calm.",
        message: "colour: found red; must be blue in prod",
      },
    ]);
  });

  it("asks each rule of the kinds of subject that it looks at, rule by rule", () => {
    expect(
      found([release, thing("a", "red"), thing("b", "blue"), thing("c", "green")]),
    ).to.deep.equal([
      "error blue Thing a: colour: found red; must be blue in prod",
      "error blue Thing c: colour: found green; must be blue in prod",
      "error few Release a: found 2; must be few",
    ]);
  });

  it("warns where a rule is advisory, and is silent where it is disabled", () => {
    expect(found([thing("a", "red")], { environment: "staging" })).to.deep.equal([
      "warning blue Thing a: colour: found red; must be blue in staging",
    ]);
    expect(found([thing("a", "red")], { environment: "dev" })).to.deep.equal([]);
  });

  it("counts what is not known only where the rule refuses it", () => {
    const unknown = (policy: Rule["unknown"]): Rule => ({
      ...{ ...blue, unknown: policy },
      manifest: () => [
        { path: "a", found: "?", allowed: "must be known", isUnknown: true },
        { path: "b", found: "red", allowed: "must be blue", isUnknown: false },
      ],
    });
    expect(found([thing("a", "red")], { rules: [unknown("refuse")] })).to.deep.equal([
      "error blue Thing a: a: found ?; must be known",
      "error blue Thing a: b: found red; must be blue",
    ]);
    expect(found([thing("a", "red")], { rules: [unknown("wait")] })).to.deep.equal([
      "error blue Thing a: b: found red; must be blue",
    ]);
  });

  it("excepts what an exception names, or what begins with it", () => {
    const subjects = [thing("a", "red"), thing("a-child", "red"), thing("b", "red"), release];
    expect(found(subjects, { exceptions: [exception] })).to.deep.equal([
      "error blue Thing b: colour: found red; must be blue in prod",
      "error few Release a: found 2; must be few",
    ]);
  });

  for (const [what, other] of [
    ["another rule", { rule: "few" }],
    ["another environment", { environment: "staging" }],
    ["another thing", { where: "Thing b" }],
    ["a part of the name that is not its beginning", { where: "a" }],
  ] as const) {
    it(`does not except by an entry for ${what}`, () => {
      const exceptions = [{ ...exception, ...other }];
      expect(found([thing("a", "red")], { exceptions })).to.have.length(1);
    });
  }

  it("excepts to the end of the last day, in UTC", () => {
    const at = (now: string) =>
      found([thing("a", "red")], { exceptions: [exception], now: new Date(now) });
    expect(at("2026-11-24T23:59:59Z")).to.deep.equal([]);
    expect(at("2026-11-25T00:00:00Z")).to.have.length(1);
  });

  it("finds by each level what the level's name promises", () => {
    const at = (level: Level) => {
      const rule = { ...blue, levels: { dev: level, staging: level, prod: level } };
      return evaluate([rule], [thing("a", "red")], prod, [], today).map((one) => one.level);
    };
    expect([at("mandatory"), at("advisory"), at("disabled")]).to.deep.equal([
      ["error"],
      ["warning"],
      [],
    ]);
  });
});
