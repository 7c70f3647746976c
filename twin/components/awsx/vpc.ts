import type { VpcArgs } from "@pulumi/awsx/ec2/vpc.js";
import { all, output, type Input, type Output } from "@pulumi/pulumi/output.js";
import * as log from "@pulumi/pulumi/log/index.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi/resource.js";
import * as aws from "../aws-sdk.ts";
import { readVpcArguments, type PlayedVpc } from "./arguments.ts";
import { planSubnets, type PlannedSubnet } from "./subnets.ts";

/** The outputs of `awsx.ec2.Vpc`. */
export interface VpcState {
  readonly vpc: aws.Vpc;
  readonly vpcId: Output<string>;
  readonly internetGateway: aws.InternetGateway;
  readonly subnets: readonly aws.Subnet[];
  readonly publicSubnets: readonly aws.Subnet[];
  readonly privateSubnets: readonly aws.Subnet[];
  readonly isolatedSubnets: readonly aws.Subnet[];
  readonly publicSubnetIds: readonly Output<string>[];
  readonly privateSubnetIds: readonly Output<string>[];
  readonly isolatedSubnetIds: readonly Output<string>[];
  readonly routeTables: readonly aws.RouteTable[];
  readonly routeTableAssociations: readonly aws.RouteTableAssociation[];
  readonly routes: readonly aws.Route[];
  readonly natGateways: readonly aws.NatGateway[];
  readonly eips: readonly aws.Eip[];
  readonly vpcEndpoints: readonly aws.VpcEndpoint[];
  readonly subnetLayout: PlayedVpc["subnets"];
}

/** The double's component `awsx:ec2:Vpc`. {@link constructVpc} registers its children. */
class Vpc extends ComponentResource {
  constructor(name: string, opts: ComponentResourceOptions) {
    super("awsx:ec2:Vpc", name, {}, opts);
  }
}

/**
 * Registers the children of awsx.ec2.Vpc, with the same names, parents and inputs, and returns its outputs. The file
 * test/fixtures/doubles/contract.json holds what the real component registers, as measured.
 * @throws Error for arguments that {@link readVpcArguments} refuses, and for more zones than the region has
 */
export async function constructVpc(
  name: string,
  args: VpcArgs,
  opts: ComponentResourceOptions,
  warn?: Warn,
): Promise<{ urn: Output<string>; state: VpcState }> {
  const played = readVpcArguments(args);
  const component = new Vpc(name, opts);
  for (const text of warningsOf(args)) {
    if (warn) warn(text);
    else await log.warn(text, component);
  }
  const zones =
    args.availabilityZoneNames ??
    (await firstZones(component, args.numberOfAvailabilityZones ?? 3));
  return { urn: component.urn, state: children(component, name, args, played, zones) };
}

/** Where a warning goes. Default: the engine shows it beside the component. */
type Warn = (text: string) => void;

/** Returns what the real component warns of, in its words: endpoints that no route leads to. */
function warningsOf({ vpcEndpointSpecs = [], vpcEndpointStrategy }: VpcArgs): string[] {
  return vpcEndpointSpecs
    .filter(({ routeTableIds }) => routeTableIds === undefined && vpcEndpointStrategy !== "Auto")
    .map(
      ({ serviceName }) =>
        `VPC endpoint "${serviceName}" is a Gateway endpoint without routeTableIds. Specify vpcEndpointStrategy: "Auto" to use generated VPC route tables.`,
    );
}

async function firstZones(component: Vpc, count: number): Promise<string[]> {
  const names = await aws.availabilityZoneNames(component);
  if (names.length < count) {
    throw new Error(
      `The configured region for this provider does not have at least ${count} Availability Zones. Either specify an explicit list of zones in availabilityZoneNames or choose a region with at least ${count} AZs.`,
    );
  }
  return names.slice(0, count);
}

/** The resources of one subnet. */
interface SubnetResources {
  readonly plan: PlannedSubnet<PlayedVpc["subnets"][number]>;
  readonly subnet: aws.Subnet;
  readonly routeTable: aws.RouteTable;
  readonly association: aws.RouteTableAssociation;
}

/** A NAT gateway and its public address. */
interface NatResources {
  readonly eip: aws.Eip;
  readonly gateway: aws.NatGateway;
}

function children(
  component: Vpc,
  name: string,
  args: VpcArgs,
  { cidrBlock, natStrategy, subnets: requests }: PlayedVpc,
  zones: readonly string[],
): VpcState {
  const plans = planSubnets({ vpcName: name, vpcCidr: cidrBlock, zones, requests });
  const named = { tags: { Name: name } };
  const vpc = new aws.Vpc(
    name,
    { cidrBlock, enableDnsHostnames: args.enableDnsHostnames, ...named },
    { parent: component },
  );
  const below = { parent: vpc, dependsOn: [vpc] };
  const internetGateway = new aws.InternetGateway(name, { vpcId: vpc.id, ...named }, below);

  const subnets = publicFirst(plans, zones).map((plan) => addSubnet(vpc, plan));
  const publicSubnets = subnets.filter(({ plan }) => plan.request.type === "Public");
  const privateSubnets = subnets.filter(({ plan }) => plan.request.type === "Private");

  const natZones = natStrategy === "Single" ? publicSubnets.slice(0, 1) : publicSubnets;
  const nats = natZones.map(({ subnet }, zoneIndex) =>
    addNatGateway(`${name}-${zoneIndex + 1}`, subnet),
  );
  const routes = [
    ...publicSubnets.map((from) => addRoute(from, { gatewayId: internetGateway.id })),
    ...privateSubnets.map((from, zoneIndex) =>
      addRoute(from, { natGatewayId: (nats[zoneIndex] ?? nats[0])?.gateway.id }),
    ),
  ];
  const routeTables = subnets.map(({ routeTable }) => routeTable);
  const vpcEndpoints = (args.vpcEndpointSpecs ?? []).map(
    ({ serviceName, routeTableIds }) =>
      new aws.VpcEndpoint(
        serviceName,
        {
          serviceName,
          vpcId: vpc.id,
          routeTableIds:
            routeTableIds ??
            (args.vpcEndpointStrategy === "Auto" ? routeTables.map(({ id }) => id) : undefined),
          ...named,
        },
        below,
      ),
  );
  return {
    vpc,
    // Who uses the id waits for the subnets, too, as under the real component.
    vpcId: all(subnets.map(({ subnet }) => subnet.id)).apply(() => vpc.id),
    internetGateway,
    subnets: subnets.map(({ subnet }) => subnet),
    publicSubnets: publicSubnets.map(({ subnet }) => subnet),
    privateSubnets: privateSubnets.map(({ subnet }) => subnet),
    isolatedSubnets: [],
    publicSubnetIds: publicSubnets.map(({ subnet }) => subnet.id),
    privateSubnetIds: privateSubnets.map(({ subnet }) => subnet.id),
    isolatedSubnetIds: [],
    routeTables,
    routeTableAssociations: subnets.map(({ association }) => association),
    routes,
    natGateways: nats.map(({ gateway }) => gateway),
    eips: nats.map(({ eip }) => eip),
    vpcEndpoints,
    subnetLayout: requests,
  };
}

/** Returns the plans by zone, public subnets first in each: the order of the real component's outputs. */
function publicFirst<Plan extends PlannedSubnet>(
  plans: readonly Plan[],
  zones: readonly string[],
): Plan[] {
  return zones.flatMap((zone) =>
    (["Public", "Private"] as const).flatMap((kind) =>
      plans.filter((plan) => plan.zone === zone && plan.request.type === kind),
    ),
  );
}

function addSubnet(vpc: aws.Vpc, plan: SubnetResources["plan"]): SubnetResources {
  const { name, zone, cidrBlock, request } = plan;
  const named = { Name: name, SubnetType: request.type };
  const subnet = new aws.Subnet(
    name,
    {
      vpcId: vpc.id,
      availabilityZone: zone,
      mapPublicIpOnLaunch: request.type === "Public",
      cidrBlock,
      assignIpv6AddressOnCreation: false,
      tags: output(request.tags).apply((tags) => ({ ...tags, ...named })),
    },
    { parent: vpc, dependsOn: [vpc] },
  );
  const routeTable = new aws.RouteTable(
    name,
    { vpcId: vpc.id, tags: named },
    { parent: subnet, dependsOn: [subnet] },
  );
  const association = new aws.RouteTableAssociation(
    name,
    { routeTableId: routeTable.id, subnetId: subnet.id },
    { parent: routeTable, dependsOn: [routeTable] },
  );
  return { plan, subnet, routeTable, association };
}

function addNatGateway(name: string, subnet: aws.Subnet): NatResources {
  const below = { parent: subnet, dependsOn: [subnet] };
  const tags = { Name: name };
  const eip = new aws.Eip(name, { tags }, below);
  const gateway = new aws.NatGateway(
    name,
    { subnetId: subnet.id, allocationId: eip.allocationId, tags },
    below,
  );
  return { eip, gateway };
}

/** Adds the default route of a subnet. */
function addRoute(
  { plan, routeTable }: SubnetResources,
  target: { readonly gatewayId: Input<string> } | { readonly natGatewayId?: Input<string> },
): aws.Route {
  return new aws.Route(
    plan.name,
    { routeTableId: routeTable.id, destinationCidrBlock: "0.0.0.0/0", ...target },
    { parent: routeTable, dependsOn: [routeTable] },
  );
}
