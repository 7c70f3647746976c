import type { VpcArgs } from "@pulumi/awsx/ec2/vpc.js";
import { all, output, type Input, type Output } from "@pulumi/pulumi/output.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi/resource.js";
import * as log from "@pulumi/pulumi/log/index.js";
import * as aws from "../aws-sdk.ts";
import { planSubnets, type PlannedSubnet, type SubnetKind, type SubnetPlan } from "./subnets.ts";

type SubnetSpec = NonNullable<VpcArgs["subnetSpecs"]>[number];
type EndpointSpec = NonNullable<VpcArgs["vpcEndpointSpecs"]>[number];
type Tags = NonNullable<VpcArgs["tags"]>;

/** What `awsx.ec2.Vpc` gives back. */
export interface VpcState {
  readonly vpc: aws.Vpc;
  readonly vpcId: Output<string>;
  readonly internetGateway: aws.InternetGateway;
  readonly subnets: aws.Subnet[];
  readonly publicSubnets: aws.Subnet[];
  readonly privateSubnets: aws.Subnet[];
  readonly isolatedSubnets: aws.Subnet[];
  readonly publicSubnetIds: Output<string>[];
  readonly privateSubnetIds: Output<string>[];
  readonly isolatedSubnetIds: Output<string>[];
  readonly routeTables: aws.RouteTable[];
  readonly routeTableAssociations: aws.RouteTableAssociation[];
  readonly routes: aws.Route[];
  readonly natGateways: aws.NatGateway[];
  readonly eips: aws.Eip[];
  readonly vpcEndpoints: aws.VpcEndpoint[];
  readonly subnetLayout: SubnetPlan["layout"];
}

/** Arguments of the real component that this double does not play: IPv6 and IPAM. */
const notPlayed = [
  "assignGeneratedIpv6CidrBlock",
  "ipv4IpamPoolId",
  "ipv4NetmaskLength",
  "ipv6CidrBlock",
  "ipv6CidrBlockNetworkBorderGroup",
  "ipv6IpamPoolId",
  "ipv6NetmaskLength",
  "subnetNameTagStrategy",
] as const satisfies (keyof VpcArgs)[];

/** `awsx:ec2:Vpc`, the double's component: a parent, its children are registered by {@link constructVpc}. */
class Vpc extends ComponentResource {
  constructor(name: string, opts: ComponentResourceOptions) {
    super("awsx:ec2:Vpc", name, {}, opts);
  }
}

/**
 * Registers the children that awsx.ec2.Vpc registers, with its names, parents and inputs (../../shared/aws-contract.md has
 * the table this was measured against; test/e2e/doubles.e2e.ts compares).
 * @throws Error in the real component's words for a combination that it refuses
 */
export async function constructVpc(
  name: string,
  args: VpcArgs,
  opts: ComponentResourceOptions,
): Promise<{ urn: Output<string>; state: VpcState }> {
  const unplayed = notPlayed.filter((key) => args[key] !== undefined && args[key] !== false);
  if (unplayed.length > 0) {
    throw new Error(
      `The awsx double does not play ${unplayed.join(", ")}. Fix: leave it out, or add it to twin/components/awsx/vpc.ts`,
    );
  }
  if (args.availabilityZoneNames !== undefined && args.numberOfAvailabilityZones !== undefined) {
    throw new Error(
      "Only one of [availabilityZoneNames] and [numberOfAvailabilityZones] can be specified",
    );
  }
  const component = new Vpc(name, opts);
  const zones = args.availabilityZoneNames ?? (await defaultZones(component, args));
  return { urn: component.urn, state: children(component, name, args, zones) };
}

async function defaultZones(component: Vpc, args: VpcArgs): Promise<string[]> {
  const region = args.region;
  if (region !== undefined && typeof region !== "string") {
    throw new Error(
      "Vpc.region must be a plain string when availabilityZoneNames is not set. If region is dynamic, specify availabilityZoneNames explicitly.",
    );
  }
  const wanted = args.numberOfAvailabilityZones ?? 3;
  const names = await aws.availabilityZoneNames(component, region);
  if (names === undefined) {
    throw new Error(
      "Could not fetch default Availability Zones. If this is an opt-in region, please enable the region first. Alternatively, you may specify an explicit list of zones in `availabilityZoneNames`.",
    );
  }
  if (names.length < wanted) {
    throw new Error(
      `The configured region for this provider does not have at least ${wanted} Availability Zones. Either specify an explicit list of zones in availabilityZoneNames or choose a region with at least ${wanted} AZs.`,
    );
  }
  return names.slice(0, wanted);
}

function children(component: Vpc, name: string, args: VpcArgs, zones: readonly string[]): VpcState {
  const natStrategy = args.natGateways?.strategy ?? "OnePerAz";
  const allocationIds = args.natGateways?.elasticIpAllocationIds ?? [];
  checkAddresses(natStrategy, allocationIds.length, zones.length);
  const cidrBlock = args.cidrBlock ?? "10.0.0.0/16";
  const plan = planSubnets<SubnetSpec>({
    vpcName: name,
    vpcCidr: cidrBlock,
    zones,
    strategy: args.subnetStrategy ?? "Legacy",
    requests: args.subnetSpecs,
    zoneMask: args.availabilityZoneCidrMask,
  });
  checkNat(natStrategy, plan);
  if (args.subnetStrategy === undefined && args.subnetSpecs !== undefined) {
    void log.warn(
      `The default subnetStrategy will change from "Legacy" to "Auto" in the next major version. Please specify the subnetStrategy explicitly. The current subnet layout can be specified via "Auto" as:\n\n${JSON.stringify(plan.layout)}`,
      component,
    );
  }

  const { region, tags } = args;
  const sharedTags = withTags({ Name: name }, tags);
  const vpc = new aws.Vpc(
    name,
    {
      cidrBlock,
      enableDnsHostnames: args.enableDnsHostnames ?? endpointsNeedDns(args),
      enableDnsSupport: args.enableDnsSupport ?? endpointsNeedDns(args),
      enableNetworkAddressUsageMetrics: args.enableNetworkAddressUsageMetrics,
      instanceTenancy: args.instanceTenancy,
      region,
      tags: sharedTags,
    },
    { parent: component },
  );
  const below = { parent: vpc, dependsOn: [vpc] };
  const internetGateway = new aws.InternetGateway(
    name,
    { region, vpcId: vpc.id, tags: sharedTags },
    below,
  );
  const state: VpcState = {
    vpc,
    vpcId: vpc.id,
    internetGateway,
    subnets: [],
    publicSubnets: [],
    privateSubnets: [],
    isolatedSubnets: [],
    publicSubnetIds: [],
    privateSubnetIds: [],
    isolatedSubnetIds: [],
    routeTables: [],
    routeTableAssociations: [],
    routes: [],
    natGateways: [],
    eips: [],
    vpcEndpoints: [],
    subnetLayout: plan.layout,
  };
  const zoneOf: { id: Output<string>; kind: SubnetKind; zone: string }[] = [];

  for (const [zoneIndex, zone] of zones.entries()) {
    for (const planned of inOrder(plan.subnets.filter((subnet) => subnet.zone === zone))) {
      const { request, name: subnetName, cidrBlock: block } = planned;
      const kind = request.type;
      const ownTags = "tags" in request ? request.tags : undefined;
      const named = { Name: subnetName, SubnetType: kind };
      const subnet = new aws.Subnet(
        subnetName,
        {
          region,
          vpcId: vpc.id,
          availabilityZone: zone,
          mapPublicIpOnLaunch: kind === "Public",
          cidrBlock: block,
          assignIpv6AddressOnCreation: false,
          tags: withTags(sharedTags, ownTags, named),
        },
        below,
      );
      state.subnets.push(subnet);
      zoneOf.push({ id: subnet.id, kind, zone });
      const [ofKind, idsOfKind] = {
        Public: [state.publicSubnets, state.publicSubnetIds] as const,
        Private: [state.privateSubnets, state.privateSubnetIds] as const,
        Isolated: [state.isolatedSubnets, state.isolatedSubnetIds] as const,
        Unused: [[], []] as const,
      }[kind] as readonly [aws.Subnet[], Output<string>[]];
      ofKind.push(subnet);
      idsOfKind.push(subnet.id);

      const routeTable = new aws.RouteTable(
        subnetName,
        { region, vpcId: vpc.id, tags: withTags(sharedTags, named) },
        { parent: subnet, dependsOn: [subnet] },
      );
      state.routeTables.push(routeTable);
      const belowTable = { parent: routeTable, dependsOn: [routeTable] };
      state.routeTableAssociations.push(
        new aws.RouteTableAssociation(
          subnetName,
          { region, routeTableId: routeTable.id, subnetId: subnet.id },
          belowTable,
        ),
      );
      if (kind === "Public") {
        if (wantsNat(natStrategy, state.natGateways.length, zoneIndex)) {
          addNatGateway(state, `${name}-${zoneIndex + 1}`, zoneIndex, args, subnet);
        }
        state.routes.push(
          new aws.Route(
            subnetName,
            {
              region,
              routeTableId: routeTable.id,
              gatewayId: internetGateway.id,
              destinationCidrBlock: "0.0.0.0/0",
            },
            belowTable,
          ),
        );
      }
      const nat = state.natGateways[natStrategy === "Single" ? 0 : zoneIndex];
      if (kind === "Private" && nat !== undefined) {
        state.routes.push(
          new aws.Route(
            subnetName,
            {
              region,
              routeTableId: routeTable.id,
              natGatewayId: nat.id,
              destinationCidrBlock: "0.0.0.0/0",
            },
            belowTable,
          ),
        );
      }
    }
  }
  for (const spec of args.vpcEndpointSpecs ?? []) {
    addEndpoint(state, spec, args, sharedTags, zoneOf, zones);
  }
  return state;
}

function addNatGateway(
  state: VpcState,
  name: string,
  zoneIndex: number,
  { region, tags, natGateways }: VpcArgs,
  subnet: aws.Subnet,
): void {
  const below = { parent: subnet, dependsOn: [subnet] };
  const named = withTags(tags, { Name: name });
  let allocationId: Input<string> | undefined = natGateways?.elasticIpAllocationIds?.[zoneIndex];
  if (allocationId === undefined) {
    const eip = new aws.Eip(name, { region, tags: named }, below);
    state.eips.push(eip);
    allocationId = eip.allocationId;
  }
  state.natGateways.push(
    new aws.NatGateway(name, { region, subnetId: subnet.id, allocationId, tags: named }, below),
  );
}

function addEndpoint(
  state: VpcState,
  spec: EndpointSpec,
  args: VpcArgs,
  sharedTags: Input<Record<string, string>>,
  subnets: readonly { id: Output<string>; kind: SubnetKind; zone: string }[],
  zones: readonly string[],
): void {
  const auto = args.vpcEndpointStrategy === "Auto";
  const kind = endpointKind(spec);
  if (auto && kind === undefined) {
    throw new Error(
      `vpcEndpointStrategy "Auto" requires vpcEndpointType for endpoint "${spec.serviceName}" to be omitted or a plain string. Use vpcEndpointStrategy "Legacy" for dynamic endpoint types.`,
    );
  }
  const region = spec.region ?? args.region;
  const below = { parent: state.vpc, dependsOn: [state.vpc] };
  const isInterface = auto && kind === "interface";
  const ownSubnets = spec.subnetIds ?? spec.subnetConfigurations;
  state.vpcEndpoints.push(
    new aws.VpcEndpoint(
      spec.serviceName,
      {
        ...spec,
        region,
        vpcId: state.vpc.id,
        privateDnsEnabled: spec.privateDnsEnabled ?? (isInterface ? true : undefined),
        subnetIds:
          isInterface && ownSubnets === undefined ? onePerZone(subnets, zones) : spec.subnetIds,
        securityGroupIds:
          isInterface && spec.securityGroupIds === undefined
            ? [endpointSecurityGroup(state.vpc, spec, region, sharedTags)]
            : spec.securityGroupIds,
        routeTableIds:
          auto && kind === "gateway" && spec.routeTableIds === undefined
            ? state.routeTables.map(({ id }) => id)
            : spec.routeTableIds,
        tags: withTags(sharedTags, spec.tags),
      },
      below,
    ),
  );
}

/** The group that an interface endpoint gets when the program names none: TLS from within the VPC. */
function endpointSecurityGroup(
  vpc: aws.Vpc,
  spec: EndpointSpec,
  region: Input<string | undefined> | undefined,
  sharedTags: Input<Record<string, string>>,
): Output<string> {
  const group = new aws.SecurityGroup(
    `${spec.serviceName}-sg`,
    { region, vpcId: vpc.id, tags: withTags(sharedTags, spec.tags) },
    { parent: vpc, dependsOn: [vpc] },
  );
  new aws.SecurityGroupRule(
    `${spec.serviceName}-ingress`,
    {
      region,
      type: "ingress",
      securityGroupId: group.id,
      protocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrBlocks: [vpc.cidrBlock],
    },
    { parent: vpc, dependsOn: [group] },
  );
  return group.id;
}

/** One subnet a zone for an interface endpoint: private before isolated before public. */
function onePerZone(
  subnets: readonly { id: Output<string>; kind: SubnetKind; zone: string }[],
  zones: readonly string[],
): Output<string>[] {
  return zones.flatMap((zone) => {
    const [best] = (["Private", "Isolated", "Public"] as const).flatMap((kind) =>
      subnets.filter((subnet) => subnet.zone === zone && subnet.kind === kind),
    );
    return best === undefined ? [] : [best.id];
  });
}

function endpointKind(spec: EndpointSpec): string | undefined {
  if (spec.vpcEndpointType === undefined) return "gateway";
  return typeof spec.vpcEndpointType === "string" ? spec.vpcEndpointType.toLowerCase() : undefined;
}

/** Private DNS of an interface endpoint works only with both DNS attributes of the VPC on. */
function endpointsNeedDns({ vpcEndpointStrategy, vpcEndpointSpecs }: VpcArgs): true | undefined {
  const needed =
    vpcEndpointStrategy === "Auto" &&
    (vpcEndpointSpecs ?? []).some(
      (spec) => endpointKind(spec) === "interface" && spec.privateDnsEnabled !== false,
    );
  return needed ? true : undefined;
}

/** Public first: the NAT gateway in it must be there before a private subnet's route. Gaps make no subnet. */
function inOrder<P extends PlannedSubnet>(subnets: readonly P[]): P[] {
  return (["Public", "Private", "Isolated"] as const).flatMap((kind) =>
    subnets.filter(({ request }) => request.type === kind),
  );
}

function wantsNat(strategy: string, made: number, zoneIndex: number): boolean {
  if (strategy === "Single") return made < 1;
  return strategy === "OnePerAz" && made < zoneIndex + 1;
}

function checkAddresses(strategy: string, addresses: number, zones: number): void {
  switch (strategy) {
    case "None":
      if (addresses > 0) {
        throw new Error(
          `Elastic IP allocation IDs cannot be specified when NAT Gateway strategy is '${strategy}'.`,
        );
      }
      break;
    case "Single":
      if (addresses > 1) {
        throw new Error(
          `Exactly one Elastic IP may be specified when NAT Gateway strategy is '${strategy}'.`,
        );
      }
      break;
    case "OnePerAz":
      if (addresses > 0 && addresses !== zones) {
        throw new Error(
          `The number of Elastic IPs, if specified, must match the number of availability zones for the VPC (${zones}) when NAT Gateway strategy is '${strategy}'`,
        );
      }
      break;
    default:
      throw new Error(`Unknown NatGatewayStrategy '${strategy}'`);
  }
}

function checkNat(strategy: string, { subnets }: SubnetPlan): void {
  const kinds = new Set(subnets.map(({ request }) => request.type));
  if (strategy === "None") return;
  if (!kinds.has("Public") || !(kinds.has("Private") || kinds.has("Isolated"))) {
    throw new Error(
      "If NAT Gateway strategy is 'OnePerAz' or 'Single', public subnets must be declared to host the NAT Gateway resource, along with private or isolated subnets to route through it.",
    );
  }
}

type SomeTags = Input<Tags | Record<string, Input<string>> | undefined> | undefined;

/** Later tags win. */
function withTags(...tags: readonly SomeTags[]): Output<Record<string, string>> {
  return all(tags.map((some) => output(some))).apply(
    (known) => Object.assign({}, ...known) as Record<string, string>,
  );
}
