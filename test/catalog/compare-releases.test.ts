import { expect } from "chai";
import { compareReleases } from "../../catalog/compare-releases.ts";

describe("compareReleases", () => {
  it("sorts releases by number, after anything that is not a release", () => {
    const sorted = ["v1.10.0", "v1.9.0", "sha-3f2a9c1", "v0.0.0", "v2.0.0"].sort(compareReleases);
    expect(sorted).to.deep.equal(["sha-3f2a9c1", "v0.0.0", "v1.9.0", "v1.10.0", "v2.0.0"]);
  });

  it("finds no difference between two that are not releases", () => {
    expect(compareReleases("sha-3f2a9c1", "v1.2")).to.equal(0);
  });
});
