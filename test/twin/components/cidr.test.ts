import { expect } from "chai";
import fc from "fast-check";
import {
  contains,
  endOf,
  formatCidr,
  overlaps,
  parseCidr,
  sizeOf,
} from "../../../twin/components/cidr.ts";
import { anyCidr } from "./arbitraries.ts";

describe("cidr", () => {
  it("reads back what it writes", () => {
    fc.assert(
      fc.property(anyCidr, (cidr) => {
        expect(parseCidr(formatCidr(cidr))).to.deep.equal(cidr);
      }),
    );
  });

  for (const text of [
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.256/32",
    "10.0.0.1/24",
    "10.0.0.0/16 ",
    "::/0",
    "",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(parseCidr(text)).to.equal(undefined);
    });
  }

  it("has two networks overlap only when one holds the other", () => {
    fc.assert(
      fc.property(anyCidr, anyCidr, (one, other) => {
        expect(overlaps(one, other)).to.equal(contains(one, other) || contains(other, one));
      }),
    );
  });

  it("ends after as many addresses as the prefix leaves", () => {
    fc.assert(
      fc.property(anyCidr, (cidr) => {
        expect(endOf(cidr) - cidr.base).to.equal(sizeOf(cidr.prefix));
      }),
    );
  });
});
