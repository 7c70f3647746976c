import { expect } from "chai";
import { conflictText } from "../../promotion/conflict.ts";
import { serviceText } from "../support/platform.ts";

const hold = "hold: { tag: v1.0.0, reason: a load test }\n";

describe("conflictText", () => {
  for (const [what, main, branch, said] of [
    [
      "two versions",
      serviceText("prod", "v1.2.0"),
      serviceText("prod", "v1.1.0"),
      ": main has v1.2.0, the branch has v1.1.0",
    ],
    [
      "a hold and a version",
      serviceText("prod", "v1.2.0", hold),
      serviceText("prod", "v1.1.0"),
      ": main has v1.0.0 (held), the branch has v1.1.0",
    ],
    [
      "a deleted file",
      undefined,
      serviceText("prod", "v1.1.0"),
      ": main has deleted it, the branch has v1.1.0",
    ],
    [
      "another key",
      serviceText("prod", "v1.1.0", "env: { A: b }\n"),
      serviceText("prod", "v1.1.0", "env: { A: c }\n"),
      ": main and the branch changed the same lines, both have v1.1.0",
    ],
    ["any other file", "ours\n", "theirs\n", ""],
    ["a file that is not valid on one side", serviceText("prod", "v1.1.0"), "image: [", ""],
  ] as const) {
    it(`names ${what}`, () => {
      expect(conflictText("a.yaml", main, branch)).to.equal(`conflict in a.yaml${said}`);
    });
  }
});
