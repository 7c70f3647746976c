import type { VpcArgs } from "@pulumi/awsx/ec2/vpc.js";
import { notPlayed, otherArguments, type ComponentDouble } from "../not-played.ts";
import type { SubnetRequest } from "./subnets.ts";

type SubnetSpec = NonNullable<VpcArgs["subnetSpecs"]>[number];

/** How many NAT gateways serve the private subnets. */
type NatStrategy = "Single" | "OnePerAz";

/** The arguments that the double plays, limited to the values that it plays. */
export interface PlayedVpc {
  readonly cidrBlock: string;
  readonly natStrategy: NatStrategy;
  readonly subnets: readonly (SubnetRequest & Pick<SubnetSpec, "tags">)[];
}

const awsx: ComponentDouble = {
  name: "awsx",
  plays:
    "Public and Private subnets with a cidrMask in the subnetStrategy Auto, one NAT gateway or one per zone, and gateway endpoints",
  folder: "twin/components/awsx/",
};

const played = [
  "availabilityZoneNames",
  "cidrBlock",
  "enableDnsHostnames",
  "natGateways",
  "numberOfAvailabilityZones",
  "subnetSpecs",
  "subnetStrategy",
  "vpcEndpointSpecs",
  "vpcEndpointStrategy",
] as const satisfies (keyof VpcArgs)[];

/**
 * Returns the arguments that decide how many resources there are. They are never Outputs and can be read immediately.
 * @throws Error with the real component's text for a combination that it refuses, and with the double's own text for
 *   anything that the double does not play
 */
export function readVpcArguments(args: VpcArgs): PlayedVpc {
  if (args.availabilityZoneNames !== undefined && args.numberOfAvailabilityZones !== undefined) {
    throw new Error(
      "Only one of [availabilityZoneNames] and [numberOfAvailabilityZones] can be specified",
    );
  }
  const { natGateways, subnetSpecs = [], subnetStrategy = "Legacy", vpcEndpointSpecs = [] } = args;
  const others = [
    ...otherArguments(args, played),
    ...otherArguments(natGateways ?? {}, ["strategy"], "natGateways."),
    ...vpcEndpointSpecs.flatMap((spec) =>
      otherArguments(spec, ["serviceName", "routeTableIds"], "vpcEndpointSpecs."),
    ),
    ...(subnetStrategy === "Auto" ? [] : [`subnetStrategy ${subnetStrategy}`]),
  ];
  if (others.length > 0) throw notPlayed(awsx, others);
  const subnets = subnetSpecs.map(readSubnet);
  const kinds = new Set(subnets.map(({ type }) => type));
  if (kinds.size < 2 || kinds.size < subnets.length) {
    throw notPlayed(awsx, ["subnetSpecs other than one of each type"]);
  }
  return {
    cidrBlock: args.cidrBlock ?? "10.0.0.0/16",
    natStrategy: readNatStrategy(natGateways?.strategy),
    subnets,
  };
}

function readSubnet({ type, cidrMask, tags, ...others }: SubnetSpec): PlayedVpc["subnets"][number] {
  const left = otherArguments(others, [], "subnetSpecs.");
  if (left.length > 0) throw notPlayed(awsx, left);
  if (type !== "Public" && type !== "Private") throw notPlayed(awsx, [`${type} subnets`]);
  if (cidrMask === undefined) throw notPlayed(awsx, ["subnetSpecs without cidrMask"]);
  return { type, cidrMask, tags };
}

function readNatStrategy(strategy: string = "OnePerAz"): NatStrategy {
  if (strategy === "Single" || strategy === "OnePerAz") return strategy;
  throw notPlayed(awsx, [`natGateways.strategy ${strategy}`]);
}
