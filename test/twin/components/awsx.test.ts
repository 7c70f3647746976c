import { expect } from "chai";
import type { VpcArgs } from "@pulumi/awsx/ec2/vpc.js";
import { readVpcArguments } from "../../../twin/components/awsx/arguments.ts";
import { vpcArguments } from "../../fixtures/doubles/arguments.ts";

describe("awsx double: arguments", () => {
  const good: VpcArgs = vpcArguments;

  it("reads the arguments that decide how many resources there are", () => {
    expect(readVpcArguments(good)).to.deep.equal({
      cidrBlock: "10.20.0.0/16",
      natStrategy: "Single",
      subnets: good.subnetSpecs,
    });
  });

  it("accepts endpoints with every route table, and zones by number", () => {
    readVpcArguments({
      ...good,
      availabilityZoneNames: undefined,
      numberOfAvailabilityZones: 2,
      vpcEndpointStrategy: "Auto",
    });
  });

  const specs = good.subnetSpecs ?? [];
  const service = "com.amazonaws.us-west-2.ecr.api";
  const refusals: readonly (readonly [string, VpcArgs, string])[] = [
    [
      "two ways to choose zones",
      { ...good, numberOfAvailabilityZones: 3 },
      "Only one of [availabilityZoneNames] and [numberOfAvailabilityZones] can be specified",
    ],
    [
      "arguments that it would ignore",
      { ...good, assignGeneratedIpv6CidrBlock: true, enableDnsSupport: false },
      "does not play assignGeneratedIpv6CidrBlock, enableDnsSupport. It plays",
    ],
    ["the default strategy", { ...good, subnetStrategy: undefined }, "subnetStrategy Legacy"],
    ["the strategy Exact", { ...good, subnetStrategy: "Exact" }, "subnetStrategy Exact"],
    ["default subnets", { ...good, subnetSpecs: undefined }, "other than one of each type"],
    [
      "two subnets of a type",
      { ...good, subnetSpecs: [...specs, ...specs] },
      "other than one of each type",
    ],
    [
      "Isolated subnets",
      { ...good, subnetSpecs: [...specs, { type: "Isolated", cidrMask: 24 }] },
      "Isolated subnets",
    ],
    [
      "subnets by size",
      { ...good, subnetSpecs: [{ type: "Public", size: 256 }] },
      "subnetSpecs.size",
    ],
    [
      "subnets without a mask",
      { ...good, subnetSpecs: [{ type: "Public" }] },
      "subnetSpecs without cidrMask",
    ],
    ["no NAT gateway", { ...good, natGateways: { strategy: "None" } }, "natGateways.strategy None"],
    [
      "the program's own addresses",
      { ...good, natGateways: { strategy: "Single", elasticIpAllocationIds: ["eipalloc-1"] } },
      "natGateways.elasticIpAllocationIds",
    ],
    [
      "interface endpoints",
      { ...good, vpcEndpointSpecs: [{ serviceName: service, vpcEndpointType: "Interface" }] },
      "vpcEndpointSpecs.vpcEndpointType",
    ],
  ];
  for (const [what, args, message] of refusals) {
    it(`refuses ${what}`, () => {
      expect(() => readVpcArguments(args)).to.throw(message);
    });
  }

  it("says what it plays and where to add more", () => {
    expect(() => readVpcArguments({ ...good, tags: { a: "b" } })).to.throw(
      "The awsx double does not play tags. It plays Public and Private subnets with a cidrMask in the subnetStrategy Auto, " +
        "one NAT gateway or one per zone, and gateway endpoints. Fix: leave it out, or add it to twin/components/awsx/",
    );
  });
});
