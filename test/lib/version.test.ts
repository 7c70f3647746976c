import { expect } from "chai";
import { compareVersions } from "../../lib/version.ts";

describe("compareVersions", () => {
  it("sorts by number, not by text", () => {
    const sorted = ["1.10", "1.9", "0.20.1", "1.9.1", "10.0.0", "2.0.0"].sort(compareVersions);
    expect(sorted).to.deep.equal(["0.20.1", "1.9", "1.9.1", "1.10", "2.0.0", "10.0.0"]);
  });

  it("takes a number that is left out for 0", () => {
    expect(compareVersions("22.18", "22.18.0")).to.equal(0);
    expect(compareVersions("22.18", "22.18.1")).to.be.below(0);
    expect(compareVersions("22", "21.9.9")).to.be.above(0);
  });
});
