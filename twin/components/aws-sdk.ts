/**
 * The resource classes of @pulumi/aws that the component doubles register, without @pulumi/aws: its classes load all of
 * @pulumi/pulumi (0.8 s), these load the part that registers resources (0.2 s). Arguments keep the SDK's own types.
 */
import type { AccessEntryArgs } from "@pulumi/aws/eks/accessEntry.js";
import type { AccessPolicyAssociationArgs } from "@pulumi/aws/eks/accessPolicyAssociation.js";
import type { AddonArgs } from "@pulumi/aws/eks/addon.js";
import type { ClusterArgs } from "@pulumi/aws/eks/cluster.js";
import type { EipArgs } from "@pulumi/aws/ec2/eip.js";
import type { InternetGatewayArgs } from "@pulumi/aws/ec2/internetGateway.js";
import type { NatGatewayArgs } from "@pulumi/aws/ec2/natGateway.js";
import type { RouteArgs } from "@pulumi/aws/ec2/route.js";
import type { RouteTableArgs } from "@pulumi/aws/ec2/routeTable.js";
import type { RouteTableAssociationArgs } from "@pulumi/aws/ec2/routeTableAssociation.js";
import type { SecurityGroupArgs } from "@pulumi/aws/ec2/securityGroup.js";
import type { SecurityGroupRuleArgs } from "@pulumi/aws/ec2/securityGroupRule.js";
import type { SubnetArgs } from "@pulumi/aws/ec2/subnet.js";
import type { VpcArgs } from "@pulumi/aws/ec2/vpc.js";
import type { VpcEndpointArgs } from "@pulumi/aws/ec2/vpcEndpoint.js";
import type { InstanceProfileArgs } from "@pulumi/aws/iam/instanceProfile.js";
import type { OpenIdConnectProviderArgs } from "@pulumi/aws/iam/openIdConnectProvider.js";
import type { RoleArgs } from "@pulumi/aws/iam/role.js";
import type { RolePolicyAttachmentArgs } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type { Input, Inputs, Output } from "@pulumi/pulumi/output.js";
import type { CustomResourceOptions, Resource } from "@pulumi/pulumi/resource.js";
import { CustomResource } from "@pulumi/pulumi/resource.js";
import { invoke, invokeOutput } from "@pulumi/pulumi/runtime/invoke.js";
import { sdkVersion } from "../engine/sdk-version.ts";

const version = sdkVersion("aws");

/** A resource of the AWS provider, in the version that this repository has installed. */
class AwsResource extends CustomResource {
  /**
   * @param token its type
   * @param outputs what of AWS' answer the component reads, as undefined-valued keys
   */
  constructor(
    token: string,
    name: string,
    args: Inputs,
    opts: CustomResourceOptions,
    outputs: Inputs = {},
  ) {
    super(token, name, { ...outputs, ...args }, { version, ...opts });
  }
}

export class Vpc extends AwsResource {
  declare readonly cidrBlock: Output<string>;
  constructor(name: string, args: VpcArgs, opts: CustomResourceOptions) {
    super("aws:ec2/vpc:Vpc", name, args, opts, { cidrBlock: undefined });
  }
}

export class InternetGateway extends AwsResource {
  constructor(name: string, args: InternetGatewayArgs, opts: CustomResourceOptions) {
    super("aws:ec2/internetGateway:InternetGateway", name, args, opts);
  }
}

export class Subnet extends AwsResource {
  constructor(name: string, args: SubnetArgs, opts: CustomResourceOptions) {
    super("aws:ec2/subnet:Subnet", name, args, opts);
  }
}

export class RouteTable extends AwsResource {
  constructor(name: string, args: RouteTableArgs, opts: CustomResourceOptions) {
    super("aws:ec2/routeTable:RouteTable", name, args, opts);
  }
}

export class RouteTableAssociation extends AwsResource {
  constructor(name: string, args: RouteTableAssociationArgs, opts: CustomResourceOptions) {
    super("aws:ec2/routeTableAssociation:RouteTableAssociation", name, args, opts);
  }
}

export class Route extends AwsResource {
  constructor(name: string, args: RouteArgs, opts: CustomResourceOptions) {
    super("aws:ec2/route:Route", name, args, opts);
  }
}

export class Eip extends AwsResource {
  declare readonly allocationId: Output<string>;
  constructor(name: string, args: EipArgs, opts: CustomResourceOptions) {
    super("aws:ec2/eip:Eip", name, args, opts, { allocationId: undefined });
  }
}

export class NatGateway extends AwsResource {
  constructor(name: string, args: NatGatewayArgs, opts: CustomResourceOptions) {
    super("aws:ec2/natGateway:NatGateway", name, args, opts);
  }
}

export class VpcEndpoint extends AwsResource {
  constructor(name: string, args: VpcEndpointArgs, opts: CustomResourceOptions) {
    super("aws:ec2/vpcEndpoint:VpcEndpoint", name, args, opts);
  }
}

export class SecurityGroup extends AwsResource {
  constructor(name: string, args: SecurityGroupArgs, opts: CustomResourceOptions) {
    super("aws:ec2/securityGroup:SecurityGroup", name, args, opts);
  }
}

export class SecurityGroupRule extends AwsResource {
  constructor(name: string, args: SecurityGroupRuleArgs, opts: CustomResourceOptions) {
    super("aws:ec2/securityGroupRule:SecurityGroupRule", name, args, opts);
  }
}

export class Role extends AwsResource {
  declare readonly arn: Output<string>;
  declare readonly name: Output<string>;
  constructor(name: string, args: RoleArgs, opts: CustomResourceOptions) {
    super("aws:iam/role:Role", name, args, opts, { arn: undefined, name: undefined });
  }
}

/** The component passes the role itself, as the real one does; what arrives is its name. */
export class RolePolicyAttachment extends AwsResource {
  constructor(
    name: string,
    args: Omit<RolePolicyAttachmentArgs, "role"> & { role: Role },
    opts: CustomResourceOptions,
  ) {
    super("aws:iam/rolePolicyAttachment:RolePolicyAttachment", name, args, opts);
  }
}

export class InstanceProfile extends AwsResource {
  constructor(
    name: string,
    args: Omit<InstanceProfileArgs, "role"> & { role: Role },
    opts: CustomResourceOptions,
  ) {
    super("aws:iam/instanceProfile:InstanceProfile", name, args, opts);
  }
}

export class OpenIdConnectProvider extends AwsResource {
  declare readonly arn: Output<string>;
  constructor(name: string, args: OpenIdConnectProviderArgs, opts: CustomResourceOptions) {
    super("aws:iam/openIdConnectProvider:OpenIdConnectProvider", name, args, opts, {
      arn: undefined,
    });
  }
}

/** Outputs of a cluster that the component reads. */
export class Cluster extends AwsResource {
  declare readonly arn: Output<string>;
  declare readonly name: Output<string>;
  declare readonly version: Output<string>;
  declare readonly endpoint: Output<string>;
  declare readonly certificateAuthority: Output<{ data: string }>;
  declare readonly identities: Output<{ oidcs: { issuer: string }[] }[]>;
  declare readonly vpcConfig: Output<{ clusterSecurityGroupId: string; vpcId: string }>;
  declare readonly upgradePolicy: Output<{ supportType: string }>;
  constructor(name: string, args: ClusterArgs, opts: CustomResourceOptions) {
    super("aws:eks/cluster:Cluster", name, args, opts, {
      arn: undefined,
      name: undefined,
      version: undefined,
      endpoint: undefined,
      certificateAuthority: undefined,
      identities: undefined,
      upgradePolicy: undefined,
    });
  }
}

export class AccessEntry extends AwsResource {
  constructor(name: string, args: AccessEntryArgs, opts: CustomResourceOptions) {
    super("aws:eks/accessEntry:AccessEntry", name, args, opts);
  }
}

export class AccessPolicyAssociation extends AwsResource {
  constructor(name: string, args: AccessPolicyAssociationArgs, opts: CustomResourceOptions) {
    super("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", name, args, opts);
  }
}

export class Addon extends AwsResource {
  constructor(name: string, args: AddonArgs, opts: CustomResourceOptions) {
    super("aws:eks/addon:Addon", name, args, opts);
  }
}

/** The names of a region's zones, through the provider of `parent`. */
export async function availabilityZoneNames(
  parent: Resource,
  region: string | undefined,
): Promise<string[] | undefined> {
  const answer: unknown = await invoke(
    "aws:index/getAvailabilityZones:getAvailabilityZones",
    region === undefined ? {} : { region },
    { parent, version },
  );
  const names =
    typeof answer === "object" && answer !== null && "names" in answer ? answer.names : undefined;
  return Array.isArray(names) ? names.map(String) : undefined;
}

/** The partition that ARNs of this provider begin with, and the suffix of its host names. */
export function partition(parent: Resource): Output<{ partition: string; dnsSuffix: string }> {
  return invokeOutput("aws:index/getPartition:getPartition", {}, { parent, version });
}

/** The region of the provider of `parent`. */
export function region(parent: Resource): Output<{ name: string }> {
  return invokeOutput("aws:index/getRegion:getRegion", {}, { parent, version });
}

/** The newest version of an add-on for a Kubernetes version. */
export function addonVersion(
  parent: Resource,
  addonName: string,
  kubernetesVersion: Input<string>,
): Output<{ version: string }> {
  return invokeOutput(
    "aws:eks/getAddonVersion:getAddonVersion",
    { addonName, kubernetesVersion, mostRecent: true },
    { parent, version },
  );
}
