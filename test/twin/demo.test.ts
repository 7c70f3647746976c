import { expect } from "chai";
import { demoLines, nextMinor } from "../../twin/demo.ts";

describe("the demo", () => {
  for (const [tags, next] of [
    [[], "v1.1.0"],
    [["v1.0.0"], "v1.1.0"],
    [["v1.9.3", "v1.10.0", "sha-0000001", "latest"], "v1.11.0"],
    [["v2.0.0", "v1.99.0"], "v2.1.0"],
  ] as const) {
    it(`releases ${next} after ${tags.join(", ") || "nothing"}`, () => {
      expect(nextMinor(tags)).to.equal(next);
    });
  }

  it("shows what happened when, and the one digest", () => {
    const lines = demoLines({
      service: "clock",
      build: "sha-0000001",
      version: "v1.1.0",
      digest: "sha256:abc",
      moments: [
        { seconds: 0.2, what: "commit" },
        { seconds: 73.66, what: "prod runs it" },
      ],
    });
    expect(lines).to.deep.equal([
      "   0.2 s  commit",
      "  73.7 s  prod runs it",
      "",
      "clock sha-0000001 in dev, v1.1.0 in staging and prod: one image,",
      "sha256:abc",
    ]);
  });
});
