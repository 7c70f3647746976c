import { expect } from "chai";
import fc from "fast-check";
import {
  contains,
  formatCidr,
  overlap,
  parseCidr,
  sizeOf,
  type Cidr,
} from "../../../config/cidr.ts";
import {
  planSubnets,
  type SubnetKind,
  type SubnetRequest,
} from "../../../twin/components/awsx/subnets.ts";

const zones = ["us-west-2a", "us-west-2b", "us-west-2c"];

interface Choice {
  readonly requests: readonly SubnetRequest[];
  readonly vpcCidr?: string;
  readonly zones?: readonly string[];
}

const ours = [
  { type: "Private", cidrMask: 20 },
  { type: "Public", cidrMask: 24 },
] as const;

function plan(choice: Choice) {
  return planSubnets({ vpcName: "net", vpcCidr: "10.20.0.0/16", zones, ...choice });
}

function blocks(choice: Choice): string[] {
  return plan(choice).map(({ name, cidrBlock }) => `${name} ${cidrBlock}`);
}

function networks(choice: Choice): Cidr[] {
  return plan(choice).map(({ cidrBlock }) => {
    const cidr = parseCidr(cidrBlock);
    if (cidr === undefined) throw new Error(`${cidrBlock} is not a network`);
    return cidr;
  });
}

/** Returns networks whose prefix is within limits. */
function cidrBetween(min: number, max: number): fc.Arbitrary<Cidr> {
  return fc
    .integer({ min, max })
    .chain((prefix) =>
      fc
        .integer({ min: 0, max: 2 ** prefix - 1 })
        .map((network) => ({ base: network * sizeOf(prefix), prefix })),
    );
}

const someRequests = fc.array(
  fc.record({
    type: fc.constantFrom<SubnetKind>("Public", "Private"),
    cidrMask: fc.integer({ min: 20, max: 28 }),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Whether the subnets fit: not every mixture of masks fits into a zone's share. */
function fits(choice: Choice): boolean {
  try {
    plan(choice);
    return true;
  } catch (error) {
    expect(String(error)).to.match(/too large for VPC|ends outside its zone's share/);
    return false;
  }
}

describe("awsx double: subnets", () => {
  it("plans the platform's subnets zone by zone, in the order of the requests", () => {
    expect(blocks({ requests: ours })).to.deep.equal([
      "net-private-1 10.20.0.0/20",
      "net-public-1 10.20.16.0/24",
      "net-private-2 10.20.64.0/20",
      "net-public-2 10.20.80.0/24",
      "net-private-3 10.20.128.0/20",
      "net-public-3 10.20.144.0/24",
    ]);
  });

  it("begins each block at the next multiple of its size", () => {
    expect(blocks({ requests: ours.toReversed() }).slice(0, 4)).to.deep.equal([
      "net-public-1 10.20.0.0/24",
      "net-private-1 10.20.16.0/20",
      "net-public-2 10.20.64.0/24",
      "net-private-2 10.20.80.0/20",
    ]);
  });

  it("never makes subnets that overlap or leave the VPC", () => {
    fc.assert(
      fc.property(
        cidrBetween(16, 18),
        fc.integer({ min: 1, max: 4 }),
        someRequests,
        (vpc, zoneCount, requests) => {
          const choice = {
            vpcCidr: formatCidr(vpc),
            zones: zones.concat("us-west-2d").slice(0, zoneCount),
            requests,
          };
          fc.pre(fits(choice));
          const made = networks(choice);
          for (const [index, network] of made.entries()) {
            expect(contains(vpc, network), formatCidr(network)).to.equal(true);
            for (const other of made.slice(index + 1)) {
              expect(
                overlap(network, other),
                `${formatCidr(network)} ${formatCidr(other)}`,
              ).to.equal(false);
            }
          }
        },
      ),
    );
  });

  it("does not move a zone's subnets if a zone is added after it", () => {
    fc.assert(
      fc.property(someRequests, (requests) => {
        const more = { requests, zones: [...zones, "us-west-2d"] };
        fc.pre(fits({ requests }) && fits(more));
        const three = blocks({ requests });
        expect(blocks(more).slice(0, three.length)).to.deep.equal(three);
      }),
    );
  });

  const refused: readonly (readonly [string, Choice, RegExp])[] = [
    [
      "subnets larger than a zone's share",
      { requests: [{ type: "Public", cidrMask: 17 }] },
      /Subnets are too large for VPC. VPC has 16384 addresses, but subnets require 32768 addresses/,
    ],
    [
      "an order that exceeds the zone's share",
      {
        requests: [
          { type: "Public", cidrMask: 24 },
          { type: "Private", cidrMask: 19 },
          { type: "Private", cidrMask: 20 },
          { type: "Private", cidrMask: 21 },
        ],
        vpcCidr: "10.20.0.0/17",
        zones: zones.slice(0, 2),
      },
      /net-private-1 \(10\.20\.64\.0\/20\) ends outside its zone's share of 10\.20\.0\.0\/17/,
    ],
    [
      "a VPC that is not a network",
      { requests: ours, vpcCidr: "10.20.0.0" },
      /not a valid CIDR block/,
    ],
  ];
  for (const [what, choice, message] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => plan(choice)).to.throw(message);
    });
  }
});
