import { expect } from "chai";
import fc from "fast-check";
import { contains, endOf, formatCidr, overlap, parseCidr, type Cidr } from "../../config/cidr.ts";

/** Networks of any prefix from 1 on, as text and parsed. */
const network = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 32 }))
  .map(([address, prefix]): Cidr => {
    const size = 2 ** (32 - prefix);
    return { base: address - (address % size), prefix };
  });

const last = ({ base, prefix }: Cidr) => base + 2 ** (32 - prefix) - 1;

describe("CIDR arithmetic", () => {
  it("reads what it writes", () => {
    fc.assert(
      fc.property(network, (cidr) => {
        expect(parseCidr(formatCidr(cidr))).to.deep.equal(cidr);
      }),
    );
  });

  for (const text of [
    "",
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.1/16",
    "256.0.0.0/8",
    "10.0/16",
    "a.b.c.d/8",
    "10.0.0.0/16 ",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(parseCidr(text)).to.equal(undefined);
    });
  }

  it("accepts the whole address space", () => {
    expect(parseCidr("0.0.0.0/0")).to.deep.equal({ base: 0, prefix: 0 });
    expect(parseCidr("255.255.255.255/32")).to.deep.equal({ base: 2 ** 32 - 1, prefix: 32 });
  });

  it("finds an overlap exactly where one network's first address lies in the other", () => {
    const within = (inner: Cidr, outer: Cidr) =>
      inner.base >= outer.base && inner.base <= last(outer);
    fc.assert(
      fc.property(network, network, (a, b) => {
        expect(overlap(a, b)).to.equal(within(a, b) || within(b, a));
        expect(overlap(b, a)).to.equal(overlap(a, b));
        expect(overlap(a, a)).to.equal(true);
      }),
    );
  });

  it("finds a network in another one exactly where both its ends are", () => {
    fc.assert(
      fc.property(network, network, (outer, inner) => {
        expect(contains(outer, inner)).to.equal(
          inner.base >= outer.base && last(inner) <= last(outer),
        );
        expect(endOf(inner)).to.equal(last(inner) + 1);
      }),
    );
  });
});
