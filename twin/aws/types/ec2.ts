import { createHash } from "node:crypto";
import { contains, overlap, parseCidr } from "../../../config/cidr.ts";
import { AwsError } from "../errors.ts";
import { stringAt, stringsAt, valuesAt } from "../properties.ts";
import { regions, zoneId } from "../regions.ts";
import { arnOf, between, cidr, matching, oneOf } from "../rules.ts";
import {
  arn,
  textOf,
  type Created,
  type Draft,
  type ResourceType,
  type TypeTable,
} from "../spec.ts";
import type { ResourceRecord } from "../store.ts";
import { ec2Id } from "./ids.ts";

const vpc = "aws:ec2/vpc:Vpc";
const subnet = "aws:ec2/subnet:Subnet";
const routeTable = "aws:ec2/routeTable:RouteTable";
const natGateway = "aws:ec2/natGateway:NatGateway";
const internetGateway = "aws:ec2/internetGateway:InternetGateway";
const eip = "aws:ec2/eip:Eip";
const securityGroup = "aws:ec2/securityGroup:SecurityGroup";

const owned =
  (kind: string) =>
  (created: Created): { arn: string; ownerId: string } => ({
    arn: arn(created, "ec2", `${kind}/${created.id}`),
    ownerId: created.account.id,
  });

/** Returns an address of the block that RFC 5737 reserves for documentation: nobody can mistake it for a real one. */
function publicAddress(id: string): string {
  return `203.0.113.${createHash("sha256").update(id).digest().readUInt8(0)}`;
}

/** A rule of a security group, for what comes in or what goes out. The group may be one that EKS made. */
function securityGroupRule(): ResourceType {
  return {
    required: ["securityGroupId", "ipProtocol"],
    rules: {
      securityGroupId: matching(/^sg-[0-9a-f]+$/, "a security group's id"),
      ipProtocol: oneOf("tcp", "udp", "icmp", "-1"),
      fromPort: between(-1, 65535),
      toPort: between(-1, 65535),
      cidrIpv4: cidr(),
    },
    crossChecks: (inputs) => {
      const peers = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"];
      return peers.filter((key) => key in inputs).length === 1
        ? []
        : [["cidrIpv4", `exactly one of ${peers.join(", ")} is required`]];
    },
    references: [{ path: "referencedSecurityGroupId", to: securityGroup, holds: true }],
    replaceOn: ["securityGroupId"],
    tags: true,
    id: () => ec2Id("sgr"),
    computed: (created) => ({
      arn: arn(created, "ec2", `security-group-rule/${created.id}`),
      securityGroupRuleId: created.id,
    }),
  };
}

/** VPC, subnets, routes, gateways, security groups, endpoints and flow logs. */
export const ec2: TypeTable = {
  [vpc]: {
    required: ["cidrBlock"],
    rules: {
      cidrBlock: cidr(16, 28),
      instanceTenancy: oneOf("default", "dedicated"),
    },
    notFound: "InvalidVpcID.NotFound",
    inUse: "DependencyViolation",
    replaceOn: ["cidrBlock", "instanceTenancy"],
    tags: true,
    id: () => ec2Id("vpc"),
    defaults: {
      enableDnsSupport: true,
      enableDnsHostnames: false,
      enableNetworkAddressUsageMetrics: false,
      instanceTenancy: "default",
      ipv6CidrBlock: "",
    },
    computed: (created) => {
      const table = ec2Id("rtb");
      return {
        ...owned("vpc")(created),
        mainRouteTableId: table,
        defaultRouteTableId: table,
        defaultNetworkAclId: ec2Id("acl"),
        defaultSecurityGroupId: ec2Id("sg"),
        dhcpOptionsId: ec2Id("dopt"),
      };
    },
  },

  [internetGateway]: {
    references: [{ path: "vpcId", to: vpc, holds: true }],
    unique: (inputs) => stringAt(inputs, "vpcId"),
    taken: "Resource.AlreadyAssociated",
    notFound: "InvalidInternetGatewayID.NotFound",
    tags: true,
    id: () => ec2Id("igw"),
    computed: owned("internet-gateway"),
  },

  [subnet]: {
    required: ["vpcId", "cidrBlock"],
    rules: { cidrBlock: cidr(16, 28) },
    references: [{ path: "vpcId", to: vpc, holds: true }],
    checks: (draft, old) => {
      checkSubnetRange(draft, old);
    },
    notFound: "InvalidSubnetID.NotFound",
    inUse: "DependencyViolation",
    replaceOn: ["vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId"],
    tags: true,
    id: () => ec2Id("subnet"),
    defaults: {
      mapPublicIpOnLaunch: false,
      assignIpv6AddressOnCreation: false,
      enableDns64: false,
      enableResourceNameDnsARecordOnLaunch: false,
      enableResourceNameDnsAaaaRecordOnLaunch: false,
      ipv6Native: false,
      privateDnsHostnameTypeOnLaunch: "ip-name",
    },
    computed: (created) => {
      const zone =
        textOf(created.inputs, "availabilityZone") ||
        (regions.get(created.account.region)?.zones[0] ?? "");
      return {
        ...owned("subnet")(created),
        availabilityZone: zone,
        availabilityZoneId: zoneId(zone),
        ipv6CidrBlockAssociationId: "",
      };
    },
  },

  [routeTable]: {
    required: ["vpcId"],
    references: [{ path: "vpcId", to: vpc, holds: true }],
    notFound: "InvalidRouteTableID.NotFound",
    inUse: "DependencyViolation",
    replaceOn: ["vpcId"],
    tags: true,
    id: () => ec2Id("rtb"),
    defaults: { routes: [], propagatingVgws: [] },
    computed: owned("route-table"),
  },

  "aws:ec2/routeTableAssociation:RouteTableAssociation": {
    required: ["routeTableId"],
    crossChecks: (inputs) =>
      ["subnetId", "gatewayId"].filter((key) => key in inputs).length === 1
        ? []
        : [["subnetId", "exactly one of subnetId and gatewayId is required"]],
    references: [
      { path: "routeTableId", to: routeTable, holds: true },
      { path: "subnetId", to: subnet },
    ],
    unique: (inputs) => stringAt(inputs, "subnetId") ?? stringAt(inputs, "gatewayId"),
    taken: "Resource.AlreadyAssociated",
    replaceOn: ["subnetId", "gatewayId"],
    id: () => ec2Id("rtbassoc"),
  },

  "aws:ec2/route:Route": {
    required: ["routeTableId"],
    rules: { destinationCidrBlock: cidr() },
    crossChecks: (inputs) => {
      const destinations = [
        "destinationCidrBlock",
        "destinationIpv6CidrBlock",
        "destinationPrefixListId",
      ].filter((key) => key in inputs);
      const targets = routeTargets.filter((key) => key in inputs);
      return [
        ...(destinations.length === 1
          ? []
          : [["destinationCidrBlock", "exactly one destination is required"] as const]),
        ...(targets.length === 1
          ? []
          : [["gatewayId", `exactly one of ${routeTargets.join(", ")} is required`] as const]),
      ];
    },
    references: [
      { path: "routeTableId", to: routeTable },
      { path: "gatewayId", to: internetGateway, only: /^igw-/ },
      { path: "natGatewayId", to: natGateway },
    ],
    taken: "RouteAlreadyExists",
    replaceOn: [
      "routeTableId",
      "destinationCidrBlock",
      "destinationIpv6CidrBlock",
      "destinationPrefixListId",
    ],
    id: ({ inputs }) => {
      const destination =
        textOf(inputs, "destinationCidrBlock") +
        textOf(inputs, "destinationIpv6CidrBlock") +
        textOf(inputs, "destinationPrefixListId");
      const hash = createHash("sha256").update(destination).digest().readUInt32BE(0);
      return `r-${textOf(inputs, "routeTableId")}${hash}`;
    },
    computed: () => ({ origin: "CreateRoute", state: "active", instanceOwnerId: "" }),
  },

  [eip]: {
    notFound: "InvalidAllocationID.NotFound",
    inUse: "AuthFailure",
    replaceOn: ["domain"],
    rules: { domain: oneOf("vpc") },
    tags: true,
    id: () => ec2Id("eipalloc"),
    defaults: { domain: "vpc" },
    computed: (created) => {
      const address = publicAddress(created.id);
      return {
        allocationId: created.id,
        arn: arn(created, "ec2", `elastic-ip/${created.id}`),
        publicIp: address,
        publicDns: `ec2-${address.replaceAll(".", "-")}.${created.account.region}.compute.amazonaws.com`,
        networkBorderGroup: created.account.region,
        publicIpv4Pool: "amazon",
      };
    },
  },

  [natGateway]: {
    required: ["subnetId"],
    rules: { connectivityType: oneOf("public", "private") },
    crossChecks: (inputs) =>
      inputs["connectivityType"] === "private" || "allocationId" in inputs
        ? []
        : [["allocationId", "a public NAT gateway needs the allocationId of an Elastic IP"]],
    references: [
      { path: "subnetId", to: subnet, holds: true },
      { path: "allocationId", to: eip, holds: true },
    ],
    unique: (inputs) => stringAt(inputs, "allocationId"),
    taken: "Resource.AlreadyAssociated",
    notFound: "NatGatewayNotFound",
    replaceOn: ["subnetId", "allocationId", "connectivityType", "privateIp"],
    tags: true,
    id: () => ec2Id("nat"),
    defaults: { connectivityType: "public", availabilityMode: "zonal" },
    computed: ({ inputs }) => {
      const allocation = textOf(inputs, "allocationId");
      return {
        publicIp: allocation === "" ? "" : publicAddress(allocation),
        networkInterfaceId: ec2Id("eni"),
        associationId: ec2Id("eipassoc"),
      };
    },
  },

  [securityGroup]: {
    required: ["vpcId"],
    naming: {
      property: "name",
      max: 255,
      pattern: /^(?!sg-)[\w .:/()#,@[\]+=&;{}!$*-]+$/,
      auto: true,
    },
    rules: {
      // CreateSecurityGroup, GroupDescription.
      description: matching(
        /^[\w .:/()#,@[\]+=&;{}!$*-]{1,255}$/,
        "a security group's description",
      ),
    },
    references: [{ path: "vpcId", to: vpc, holds: true }],
    unique: (inputs) => ["vpcId", "name"].map((key) => textOf(inputs, key)).join(" "),
    taken: "InvalidGroup.Duplicate",
    notFound: "InvalidGroup.NotFound",
    inUse: "DependencyViolation",
    replaceOn: ["name", "namePrefix", "description", "vpcId"],
    tags: true,
    id: () => ec2Id("sg"),
    defaults: { description: "Managed by Pulumi", revokeRulesOnDelete: false },
    computed: owned("security-group"),
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityGroupRule(),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": securityGroupRule(),

  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    required: ["vpcId", "serviceName"],
    rules: {
      serviceName: matching(
        /^(com\.amazonaws|aws\.api)\.[a-z0-9-]+\.[a-z0-9.-]+$/,
        "a service name like com.amazonaws.us-west-2.s3",
      ),
      vpcEndpointType: oneOf("Gateway", "Interface", "GatewayLoadBalancer"),
    },
    references: [
      { path: "vpcId", to: vpc, holds: true },
      { path: "routeTableIds", to: routeTable },
      { path: "subnetIds", to: subnet, holds: true },
    ],
    checks: ({ inputs, account }) => {
      const name = textOf(inputs, "serviceName");
      const place = name.split(".")[2];
      if (place !== account.region) {
        throw new AwsError(
          "InvalidServiceName",
          `The Vpc Endpoint Service '${name}' does not exist in ${account.region}`,
        );
      }
      const type = textOf(inputs, "vpcEndpointType") || "Gateway";
      if (type === "Gateway" && !/\.(s3|dynamodb)$/.test(name)) {
        throw new AwsError(
          "InvalidParameter",
          `Endpoint type (Gateway) does not match available service types ([Interface]) for ${name}`,
        );
      }
    },
    replaceOn: ["vpcId", "serviceName", "vpcEndpointType"],
    tags: true,
    id: () => ec2Id("vpce"),
    defaults: { vpcEndpointType: "Gateway", ipAddressType: "ipv4", privateDnsEnabled: false },
    computed: (created) => ({
      ...owned("vpc-endpoint")(created),
      state: "available",
      requesterManaged: false,
      prefixListId: ec2Id("pl"),
      cidrBlocks: [],
      networkInterfaceIds: [],
      dnsEntries: [],
    }),
  },

  "aws:ec2/flowLog:FlowLog": {
    rules: {
      trafficType: oneOf("ACCEPT", "REJECT", "ALL"),
      logDestinationType: oneOf("cloud-watch-logs", "s3", "kinesis-data-firehose"),
      maxAggregationInterval: oneOf(60, 600),
      iamRoleArn: arnOf("iam"),
      logDestination: arnOf(),
    },
    crossChecks: (inputs) => {
      const toLogs = (inputs["logDestinationType"] ?? "cloud-watch-logs") === "cloud-watch-logs";
      const problems: [string, string][] = [];
      const targets = [
        "vpcId",
        "subnetId",
        "eniId",
        "transitGatewayId",
        "transitGatewayAttachmentId",
      ];
      if (targets.filter((key) => key in inputs).length !== 1) {
        problems.push(["vpcId", `exactly one of ${targets.join(", ")} is required`]);
      }
      if (!("logDestination" in inputs)) {
        problems.push(["logDestination", "the ARN of a log group or bucket is required"]);
      }
      if (toLogs && !("iamRoleArn" in inputs)) {
        problems.push([
          "iamRoleArn",
          "cloud-watch-logs needs the ARN of a role that may write there",
        ]);
      }
      return problems;
    },
    references: [
      { path: "vpcId", to: vpc },
      { path: "subnetId", to: subnet },
      { path: "iamRoleArn", to: "aws:iam/role:Role" },
      {
        path: "logDestination",
        to: "aws:cloudwatch/logGroup:LogGroup",
        only: /^arn:aws[a-z-]*:logs:/,
      },
    ],
    replaceOn: [
      "vpcId",
      "subnetId",
      "eniId",
      "trafficType",
      "iamRoleArn",
      "logDestination",
      "logDestinationType",
      "logFormat",
      "maxAggregationInterval",
    ],
    tags: true,
    id: () => ec2Id("fl"),
    defaults: { logDestinationType: "cloud-watch-logs", maxAggregationInterval: 600 },
    computed: (created) => ({ arn: arn(created, "ec2", `vpc-flow-log/${created.id}`) }),
  },
};

const routeTargets = [
  "gatewayId",
  "natGatewayId",
  "egressOnlyGatewayId",
  "transitGatewayId",
  "vpcEndpointId",
  "vpcPeeringConnectionId",
  "networkInterfaceId",
];

function checkSubnetRange({ inputs, store, account }: Draft, old?: ResourceRecord): void {
  const zone = textOf(inputs, "availabilityZone");
  const zones = regions.get(account.region)?.zones ?? [];
  if (zone !== "" && !zones.includes(zone)) {
    throw new AwsError(
      "InvalidParameterValue",
      `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.join(", ")}`,
    );
  }
  const text = textOf(inputs, "cidrBlock");
  const range = parseCidr(text);
  const vpcId = textOf(inputs, "vpcId");
  const outer = store.read(vpc, vpcId);
  const outerText = stringAt(outer?.inputs, "cidrBlock") ?? "";
  const outerRange = parseCidr(outerText);
  if (range === undefined || outerRange === undefined) return;
  if (!contains(outerRange, range)) {
    throw new AwsError(
      "InvalidSubnet.Range",
      `The CIDR '${text}' is invalid: it is not within ${outerText}, the range of ${vpcId}`,
    );
  }
  for (const other of store.list(subnet)) {
    const otherText = textOf(other.inputs, "cidrBlock");
    const otherRange = parseCidr(otherText);
    if (other.id === old?.id || textOf(other.inputs, "vpcId") !== vpcId) continue;
    if (otherRange !== undefined && overlap(range, otherRange)) {
      throw new AwsError(
        "InvalidSubnet.Conflict",
        `The CIDR '${text}' conflicts with another subnet: ${other.id} has ${otherText}`,
      );
    }
  }
}

/** Returns the zones of the subnets with these ids, each once. */
export function zonesOf(draft: Draft, path: string): string[] {
  const zones = stringsAt(draft.inputs, path).flatMap((id) =>
    valuesAt(draft.store.read(subnet, id)?.computed, "availabilityZone").map(String),
  );
  return [...new Set(zones)];
}

/** Returns the VPC of the first of these subnets. */
export function vpcOf(draft: Draft, path: string): string {
  const [first = ""] = stringsAt(draft.inputs, path);
  return stringAt(draft.store.read(subnet, first)?.inputs, "vpcId") ?? "";
}
