import { expect } from "chai";
import fc from "fast-check";
import {
  planSubnets,
  type SubnetKind,
  type SubnetRequest,
  type Strategy,
} from "../../../twin/components/awsx/subnets.ts";
import {
  contains,
  formatCidr,
  overlaps,
  parseCidr,
  type Cidr,
} from "../../../twin/components/cidr.ts";
import { cidrBetween } from "./arbitraries.ts";

const zones = ["us-west-2a", "us-west-2b", "us-west-2c"];

interface Choice {
  readonly vpcCidr?: string;
  readonly strategy?: Strategy;
  readonly requests?: readonly SubnetRequest[];
  readonly zones?: readonly string[];
}

function plan(choice: Choice = {}) {
  return planSubnets({
    vpcName: "net",
    vpcCidr: choice.vpcCidr ?? "10.20.0.0/16",
    zones: choice.zones ?? zones,
    strategy: choice.strategy ?? "Auto",
    requests: choice.requests,
  });
}

function blocks(choice: Choice = {}): string[] {
  return plan(choice).subnets.map(({ name, cidrBlock }) => `${name} ${cidrBlock}`);
}

function networks(choice: Choice): Cidr[] {
  return plan(choice).subnets.map(({ cidrBlock }) => {
    const cidr = parseCidr(cidrBlock);
    if (cidr === undefined) throw new Error(`${cidrBlock} is no network`);
    return cidr;
  });
}

const kind = fc.constantFrom<SubnetKind>("Public", "Private", "Isolated", "Unused");
/** Requests with names. Not every mixture of given and left out masks has room: see {@link fits}. */
const someRequests = fc
  .array(fc.record({ type: kind, cidrMask: fc.option(fc.integer({ min: 22, max: 28 })) }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((list) =>
    list.map(({ type, cidrMask }, index) => ({
      type,
      name: `s${index}`,
      cidrMask: cidrMask ?? undefined,
    })),
  );

/** Whether a layout can be made: the component refuses subnets that would overlap or leave the VPC. */
function fits(choice: Choice): boolean {
  try {
    plan(choice);
    return true;
  } catch (error) {
    expect(String(error)).to.match(/overlap with at least one other subnet|too large for VPC/);
    return false;
  }
}

describe("awsx double: subnets", () => {
  it("lays out a /16 over three zones as the real component was measured to", () => {
    expect(blocks()).to.deep.equal([
      "net-private-1 10.20.0.0/19",
      "net-public-1 10.20.32.0/20",
      "net-private-2 10.20.64.0/19",
      "net-public-2 10.20.96.0/20",
      "net-private-3 10.20.128.0/19",
      "net-public-3 10.20.160.0/20",
    ]);
  });

  it("gives requests their masks, in their order, at the next address that a block may begin at", () => {
    const requests = [
      { type: "Public", cidrMask: 24 },
      { type: "Private", cidrMask: 20 },
    ] as const;
    expect(blocks({ requests }).slice(0, 4)).to.deep.equal([
      "net-public-1 10.20.0.0/24",
      "net-private-1 10.20.16.0/20",
      "net-public-2 10.20.64.0/24",
      "net-private-2 10.20.80.0/20",
    ]);
  });

  it("puts private subnets first in the Legacy strategy", () => {
    const requests = [{ type: "Public" }, { type: "Private" }] as const;
    expect(blocks({ requests, strategy: "Legacy" }).slice(0, 2)).to.deep.equal([
      "net-private-1 10.20.0.0/19",
      "net-public-1 10.20.32.0/20",
    ]);
  });

  it("lays AutoMerge's requests over the default layout", () => {
    const requests = [{ type: "Public", cidrMask: 24 }] as const;
    expect(blocks({ requests, strategy: "AutoMerge" }).slice(0, 2)).to.deep.equal([
      "net-private-1 10.20.0.0/19",
      "net-public-1 10.20.32.0/24",
    ]);
  });

  it("never lets two subnets overlap, nor one leave the VPC", () => {
    fc.assert(
      fc.property(
        cidrBetween(16, 18),
        fc.integer({ min: 1, max: 4 }),
        fc.option(someRequests),
        (vpc, zoneCount, requests) => {
          const choice = {
            vpcCidr: formatCidr(vpc),
            zones: zones.concat("us-west-2d").slice(0, zoneCount),
            requests: requests ?? undefined,
          };
          fc.pre(fits(choice));
          const made = networks(choice);
          for (const [index, network] of made.entries()) {
            expect(contains(vpc, network), formatCidr(network)).to.equal(true);
            for (const other of made.slice(index + 1)) {
              expect(
                overlaps(network, other),
                `${formatCidr(network)} ${formatCidr(other)}`,
              ).to.equal(false);
            }
          }
        },
      ),
    );
  });

  it("does not move a zone's subnets when a zone is added behind it", () => {
    fc.assert(
      fc.property(someRequests, (requests) => {
        fc.pre(fits({ requests }) && fits({ requests, zones: [...zones, "us-west-2d"] }));
        const three = blocks({ requests });
        const four = blocks({ requests, zones: [...zones, "us-west-2d"] });
        expect(four.slice(0, three.length)).to.deep.equal(three);
      }),
    );
  });

  const refused: readonly (readonly [string, Choice, RegExp])[] = [
    [
      "a VPC too small for the default",
      { vpcCidr: "10.0.0.0/26" },
      /at least \/26 available per AZ/,
    ],
    [
      "subnets larger than a zone's share",
      { requests: [{ type: "Public", cidrMask: 17 }] },
      /Subnets are too large for VPC/,
    ],
    [
      "two unnamed subnets of a kind",
      { requests: [{ type: "Public" }, { type: "Public" }] },
      /require unique names/,
    ],
    [
      "blocks for fewer zones than there are",
      { requests: [{ type: "Public", cidrBlocks: ["10.20.0.0/24"] }] },
      /must match the number of availability zones \(3\)/,
    ],
    [
      "blocks that overlap",
      {
        requests: [
          { type: "Public", cidrBlocks: ["10.20.0.0/24", "10.20.0.0/25", "10.20.2.0/24"] },
        ],
      },
      /subnets overlap/,
    ],
    [
      "gaps in the strategy Exact",
      { strategy: "Exact", requests: [{ type: "Public", cidrMask: 20 }] },
      /There are gaps in the subnet ranges/,
    ],
    [
      "a size that is no power of two",
      { requests: [{ type: "Public", size: 300 }] },
      /sizes are invalid/,
    ],
    ["no subnets", { requests: [] }, /No subnets specified/],
    ["a VPC that is no network", { vpcCidr: "10.20.0.0" }, /not a valid CIDR block/],
  ];
  for (const [what, choice, message] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => plan(choice)).to.throw(message);
    });
  }

  it("takes the strategy Exact when gaps are said to be wanted", () => {
    const requests = [
      { type: "Public", cidrMask: 19 },
      { type: "Private", cidrMask: 19 },
    ] as const;
    const four = [...zones, "us-west-2d"];
    expect(blocks({ strategy: "Exact", requests, zones: four })).to.have.length(8);
  });
});
