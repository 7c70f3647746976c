/**
 * Replacements for the resource classes of @pulumi/aws that the component doubles register. The SDK's classes load all of
 * @pulumi/pulumi (0.8 s); these load only the part that registers resources (0.2 s). Arguments have the SDK's own types.
 */
import type { AccessEntryArgs } from "@pulumi/aws/eks/accessEntry.js";
import type { AccessPolicyAssociationArgs } from "@pulumi/aws/eks/accessPolicyAssociation.js";
import type { ClusterArgs } from "@pulumi/aws/eks/cluster.js";
import type { EipArgs } from "@pulumi/aws/ec2/eip.js";
import type { InternetGatewayArgs } from "@pulumi/aws/ec2/internetGateway.js";
import type { NatGatewayArgs } from "@pulumi/aws/ec2/natGateway.js";
import type { RouteArgs } from "@pulumi/aws/ec2/route.js";
import type { RouteTableArgs } from "@pulumi/aws/ec2/routeTable.js";
import type { RouteTableAssociationArgs } from "@pulumi/aws/ec2/routeTableAssociation.js";
import type { SubnetArgs } from "@pulumi/aws/ec2/subnet.js";
import type { VpcArgs } from "@pulumi/aws/ec2/vpc.js";
import type { VpcEndpointArgs } from "@pulumi/aws/ec2/vpcEndpoint.js";
import type { RoleArgs } from "@pulumi/aws/iam/role.js";
import type { RolePolicyAttachmentArgs } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type { Inputs, Output } from "@pulumi/pulumi/output.js";
import type { CustomResourceOptions, Resource } from "@pulumi/pulumi/resource.js";
import { CustomResource } from "@pulumi/pulumi/resource.js";
import { invoke, invokeOutput } from "@pulumi/pulumi/runtime/invoke.js";
import { sdkVersion } from "../engine/sdk-version.ts";

const version = sdkVersion("aws");

/** A resource of the AWS provider, in the version that is installed in this repository. */
class AwsResource extends CustomResource {
  /**
   * @param token its type token
   * @param outputs the output properties that the component reads, as keys with the value undefined
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
  constructor(name: string, args: VpcArgs, opts: CustomResourceOptions) {
    super("aws:ec2/vpc:Vpc", name, args, opts);
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

export class Role extends AwsResource {
  declare readonly arn: Output<string>;
  declare readonly name: Output<string>;
  constructor(name: string, args: RoleArgs, opts: CustomResourceOptions) {
    super("aws:iam/role:Role", name, args, opts, { arn: undefined, name: undefined });
  }
}

/** The component passes the role itself, as the real one does. The provider receives the role's name. */
export class RolePolicyAttachment extends AwsResource {
  constructor(
    name: string,
    args: Omit<RolePolicyAttachmentArgs, "role"> & { role: Role },
    opts: CustomResourceOptions,
  ) {
    super("aws:iam/rolePolicyAttachment:RolePolicyAttachment", name, args, opts);
  }
}

export class Cluster extends AwsResource {
  declare readonly arn: Output<string>;
  declare readonly name: Output<string>;
  declare readonly endpoint: Output<string>;
  declare readonly certificateAuthority: Output<{ data: string }>;
  declare readonly identities: Output<{ oidcs: { issuer: string }[] }[]>;
  declare readonly vpcConfig: Output<{ clusterSecurityGroupId: string }>;
  constructor(name: string, args: ClusterArgs, opts: CustomResourceOptions) {
    super("aws:eks/cluster:Cluster", name, args, opts, {
      arn: undefined,
      name: undefined,
      endpoint: undefined,
      certificateAuthority: undefined,
      identities: undefined,
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

/** Returns the names of the zones in the region of `parent`'s provider. */
export async function availabilityZoneNames(parent: Resource): Promise<string[]> {
  const answer: unknown = await invoke(
    "aws:index/getAvailabilityZones:getAvailabilityZones",
    {},
    { parent, version },
  );
  const names =
    typeof answer === "object" && answer !== null && "names" in answer ? answer.names : undefined;
  return Array.isArray(names) ? names.map(String) : [];
}

/** Returns the partition that ARNs contain in the region of `parent`'s provider. */
export function partition(parent: Resource): Output<string> {
  const answer: Output<{ partition: string }> = invokeOutput(
    "aws:index/getPartition:getPartition",
    {},
    { parent, version },
  );
  return answer.apply((known) => known.partition);
}
