import { expect } from "chai";
import fc from "fast-check";
import { overlap, sizeOf } from "../../../config/cidr.ts";
import { contains, endOf } from "../../../twin/components/cidr.ts";
import { cidrBetween } from "./arbitraries.ts";

/** Any network but the whole internet. */
const anyCidr = cidrBetween(1, 32);

describe("networks within networks", () => {
  it("overlap only when one contains the other", () => {
    fc.assert(
      fc.property(anyCidr, anyCidr, (one, other) => {
        expect(overlap(one, other)).to.equal(contains(one, other) || contains(other, one));
      }),
    );
  });

  it("end after as many addresses as the prefix leaves", () => {
    fc.assert(
      fc.property(anyCidr, (cidr) => {
        expect(endOf(cidr) - cidr.base).to.equal(sizeOf(cidr.prefix));
      }),
    );
  });
});
