import { expect } from "chai";
import { freePort, freePorts } from "../../../twin/state/ports.ts";

describe("freePort", () => {
  it("returns a port that a server can listen on", async () => {
    expect(await freePort()).to.be.within(15_000, 32_767);
  });

  it("returns different ports", async () => {
    expect(new Set(await freePorts(8)).size).to.equal(8);
  });
});
