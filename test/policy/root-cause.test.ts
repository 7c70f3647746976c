import { expect } from "chai";
import { finding, type Finding } from "../../catalog/finding.ts";
import { atTheirRoot } from "../../policy/repository/root-cause.ts";
import { prodOnly, type Rule } from "../../policy/rule.ts";

const rule = (name: string, follows: Rule["follows"] = []): Rule => ({
  ...{ name, follows, reason: "", fix: "", severity: "high", link: "", levels: prodOnly },
  unknown: "wait",
});
const rules = [rule("owner"), rule("follower", ["argoCd.sync"]), rule("other")];

const of = (name: string, where: string, key = "spec"): Finding =>
  finding(
    { file: "a", line: 1, column: 1 },
    { rule: name, where, key, found: "x", allowed: "must be y", fix: "" },
  );
const setting = of("owner", "Stack prod", "argoCd.sync");
const own = of("owner", "ApplicationSet argocd/services");
const followed = of("follower", "AppProject argocd/services");
const unrelated = of("other", "Key idp");

const reported = (causes: Parameters<typeof atTheirRoot>[1]) =>
  atTheirRoot(rules, causes).map((one) => `${one.rule} ${one.where ?? "?"} ${one.key}`);

describe("atTheirRoot", () => {
  const made = [own, followed, unrelated];

  it("reports a wrong setting once, not what follows from it, under the name of what it leads to", () => {
    expect(reported({ settings: [setting], made, madeUnexcepted: made })).to.deep.equal([
      "owner ApplicationSet argocd/services argoCd.sync",
      "other Key idp spec",
    ]);
  });

  it("reports what is made where the settings are right", () => {
    expect(reported({ settings: [], made, madeUnexcepted: made })).to.deep.equal([
      "owner ApplicationSet argocd/services spec",
      "follower AppProject argocd/services spec",
      "other Key idp spec",
    ]);
  });

  it("reports a setting from which nothing is known to follow", () => {
    expect(reported({ settings: [setting], made: [], madeUnexcepted: [] })).to.deep.equal([
      "owner Stack prod argoCd.sync",
    ]);
  });

  it("excepts a setting whose own effects are excepted, not what follows for other rules", () => {
    const madeUnexcepted = [followed, unrelated];
    expect(reported({ settings: [setting], made, madeUnexcepted })).to.deep.equal([
      "follower AppProject argocd/services spec",
      "other Key idp spec",
    ]);
  });

  it("reports a setting as long as one of its own effects is not excepted", () => {
    const second = of("owner", "Application argocd/two");
    expect(
      reported({ settings: [setting], made: [own, second], madeUnexcepted: [second] }),
    ).to.deep.equal(["owner ApplicationSet argocd/services argoCd.sync"]);
  });
});
