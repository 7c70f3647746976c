import { statementsOf } from "./iam.ts";
import type { Part } from "./part.ts";
import type { Resource } from "./rule.ts";
import { at, dotted, isAbsent, parsed, unknownValue, type Step } from "./values.ts";

/**
 * Which inputs of AWS's resources give power or send it elsewhere, by type. In a plan a provider has filled in its defaults
 * and names; they are at other paths, and nobody judges them. A type that the stacks make and that grants nothing by
 * itself has no paths.
 */
interface Granting {
  /** Judged by what stands there. IAM documents are taken apart into their statements. */
  readonly values?: readonly string[];
  /** Ids that AWS makes up, and places that nothing may stand at: judged by whether something stands there. */
  readonly presence?: readonly string[];
  /** What a provider fills in by itself, and what therefore says nothing. */
  readonly defaults?: Readonly<Record<string, unknown>>;
}

const nothing: Granting = {};

const securityGroupRule: Granting = {
  values: ["cidrIpv4", "cidrIpv6", "ipProtocol", "fromPort", "toPort"],
  presence: ["securityGroupId", "referencedSecurityGroupId", "prefixListId"],
};

const grants: Readonly<Record<string, Granting>> = {
  "aws:cloudwatch/logGroup:LogGroup": nothing,
  "aws:codebuild/project:Project": {
    values: [
      "environment.image",
      "environment.privilegedMode",
      "environment.environmentVariables",
      "serviceRole",
      "source.auth",
      "source.buildspec",
      "source.location",
      "source.type",
      "secondarySources",
      "artifacts.type",
      "projectVisibility",
    ],
    presence: ["vpcConfig.securityGroupIds", "resourceAccessRole", "fileSystemLocations"],
    defaults: { projectVisibility: "PRIVATE" },
  },
  "aws:codebuild/webhook:Webhook": {
    values: ["filterGroups", "scopeConfiguration", "buildType", "projectName"],
  },
  "aws:ec2/eip:Eip": nothing,
  "aws:ec2/flowLog:FlowLog": {
    values: ["iamRoleArn", "logDestination", "deliverCrossAccountRole"],
  },
  "aws:ec2/internetGateway:InternetGateway": nothing,
  "aws:ec2/natGateway:NatGateway": nothing,
  "aws:ec2/route:Route": {
    values: ["destinationCidrBlock", "destinationIpv6CidrBlock"],
    presence: [
      "carrierGatewayId",
      "coreNetworkArn",
      "destinationPrefixListId",
      "egressOnlyGatewayId",
      "gatewayId",
      "localGatewayId",
      "natGatewayId",
      "networkInterfaceId",
      "transitGatewayId",
      "vpcEndpointId",
      "vpcPeeringConnectionId",
    ],
  },
  "aws:ec2/routeTable:RouteTable": { values: ["routes", "propagatingVgws"] },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": { presence: ["gatewayId"] },
  "aws:ec2/securityGroup:SecurityGroup": { values: ["ingress", "egress"] },
  "aws:ec2/subnet:Subnet": { values: ["mapPublicIpOnLaunch"] },
  "aws:ec2/vpc:Vpc": nothing,
  "aws:ec2/vpcEndpoint:VpcEndpoint": { values: ["policy", "serviceName"] },
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": nothing,
  "aws:ecr/repository:Repository": nothing,
  "aws:eks/accessEntry:AccessEntry": {
    values: ["kubernetesGroups", "principalArn", "type", "userName"],
    defaults: { type: "STANDARD" },
  },
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": {
    values: ["accessScope", "policyArn", "principalArn"],
  },
  "aws:eks/addon:Addon": {
    values: [
      "addonName",
      "configurationValues",
      "podIdentityAssociations",
      "serviceAccountRoleArn",
    ],
  },
  "aws:eks/cluster:Cluster": {
    values: [
      "accessConfig.authenticationMode",
      "computeConfig.nodeRoleArn",
      "remoteNetworkConfig",
      "roleArn",
      "vpcConfig.publicAccessCidrs",
    ],
    presence: ["vpcConfig.securityGroupIds"],
  },
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
    values: ["namespace", "policy", "roleArn", "serviceAccount", "targetRoleArn"],
  },
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": { values: ["clientIdLists", "url"] },
  "aws:iam/policy:Policy": { values: ["policy"] },
  "aws:iam/role:Role": {
    values: ["assumeRolePolicy", "inlinePolicies", "managedPolicyArns", "permissionsBoundary"],
  },
  "aws:iam/rolePolicy:RolePolicy": { values: ["policy", "role"] },
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": { values: ["policyArn", "role"] },
  "aws:kms/alias:Alias": nothing,
  "aws:kms/key:Key": { values: ["policy"] },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": securityGroupRule,
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityGroupRule,
  "pulumi:providers:aws": {
    presence: [
      "accessKey",
      "assumeRoleWithWebIdentities",
      "assumeRoleWithWebIdentity",
      "assumeRoles",
      "endpoints",
      "sharedConfigFiles",
      "sharedCredentialsFiles",
    ],
  },
};

/** The parts of a resource's inputs that grant or redirect power; none of a type that is not AWS's. */
export function grantParts({ type, props }: Pick<Resource, "type" | "props">): Part[] {
  const { values = [], presence = [], defaults = {} } = grants[type] ?? {};
  const partsAt = (key: string, take: (path: readonly Step[], value: unknown) => Part[]) => {
    const path = key.split(".");
    const value = at(props, ...path);
    return value === defaults[key] || isNothing(parsed(value)) ? [] : take(path, value);
  };
  return [
    ...values.flatMap((key) => partsAt(key, (path, value) => statementsIn(path, value))),
    ...presence.flatMap((key) =>
      partsAt(key, (path, value) => [
        { path, key, value: value === unknownValue ? unknownValue : "(something)" },
      ]),
    ),
  ];
}

/** An IAM document as its statements, so that each is a line; anything else as it is. */
function statementsIn(path: readonly Step[], value: unknown): Part[] {
  const statements = statementsOf(value, path);
  return statements.length === 0
    ? [{ path, key: dotted(path), value }]
    : statements.map((statement) => ({ ...statement, key: `${dotted(path)}.Statement[]` }));
}

/** What is off or empty is as if it were not there. */
function isNothing(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return isAbsent(value) || value === false || value === "";
}

/** Types of AWS among the lines of policy/allowed of which nobody has said what they grant. */
export function unsaidTypes(lines: readonly string[]): string[] {
  const types = lines.map((line) => line.split(" ", 1)[0] ?? "");
  return [...new Set(types)].filter((type) => type.startsWith("aws:") && !(type in grants));
}
