import { expect } from "chai";
import { freePort, freePorts } from "../../../twin/state/ports.ts";

describe("freePort", () => {
  it("gives a port that can be listened on", async () => {
    expect(await freePort()).to.be.within(15_000, 32_767);
  });

  it("gives different ports", async () => {
    expect(new Set(await freePorts(8)).size).to.equal(8);
  });
});
