import * as aws from "@pulumi/aws";
import * as awsx from "@pulumi/awsx";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/schema.ts";
import { flowLogDelivery, serviceTrust } from "./iam-documents.ts";
import { TypeToken } from "./type-token.ts";

/** Arguments of {@link Network}. */
export interface NetworkArgs {
  /** The account; only its flow logs may use the role that writes them. */
  readonly accountId: string;
  /** The region; it is part of the name of the S3 endpoint's service. */
  readonly region: string;
  /** The VPC's network. Each zone gets a private /20 (4,091 Pods and nodes) and a public /24 (load balancers). */
  readonly cidr: string;
  /** Names of the zones that it is in, in the order of their subnets. A change replaces subnets, and what is in them. */
  readonly zones: readonly string[];
  /** One NAT gateway or three; each costs about $33 a month and $0.045 a GB (us-west-2, November 2026). */
  readonly natGateways: Settings["network"]["natGateways"];
  /** Days to keep flow logs; about $0.50 a GB taken in. */
  readonly flowLogRetentionDays: number;
}

/**
 * A VPC over three zones with public and private subnets, tagged so that EKS finds them for its load balancers, with
 * flow logs and a free S3 endpoint (ECR's image layers come from S3; this way they do not pay the NAT gateway's price).
 */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly privateSubnetIds: pulumi.Output<string[]>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super(TypeToken.Network, name, args, opts);

    const vpc = new awsx.ec2.Vpc(
      name,
      {
        cidrBlock: args.cidr,
        availabilityZoneNames: [...args.zones],
        natGateways: { strategy: args.natGateways },
        enableDnsHostnames: true,
        subnetStrategy: "Auto",
        subnetSpecs: [
          { type: "Private", cidrMask: 20, tags: { "kubernetes.io/role/internal-elb": "1" } },
          { type: "Public", cidrMask: 24, tags: { "kubernetes.io/role/elb": "1" } },
        ],
        // Without it the endpoint is in no route table, so nothing goes through it.
        vpcEndpointStrategy: "Auto",
        vpcEndpointSpecs: [{ serviceName: `com.amazonaws.${args.region}.s3` }],
      },
      { parent: this },
    );
    this.vpcId = vpc.vpcId;
    this.privateSubnetIds = vpc.privateSubnetIds;

    this.logFlows(name, args);
    this.registerOutputs({
      vpcId: this.vpcId,
      privateSubnetIds: this.privateSubnetIds,
    });
  }

  private logFlows(name: string, { accountId, flowLogRetentionDays }: NetworkArgs): void {
    const logGroup = new aws.cloudwatch.LogGroup(
      `${name}-flow-logs`,
      { retentionInDays: flowLogRetentionDays },
      { parent: this },
    );
    const role = new aws.iam.Role(
      `${name}-flow-logs`,
      { assumeRolePolicy: serviceTrust("vpc-flow-logs.amazonaws.com", accountId) },
      { parent: this },
    );
    const delivery = new aws.iam.RolePolicy(
      `${name}-flow-logs`,
      { role: role.name, policy: pulumi.jsonStringify(logGroup.arn.apply(flowLogDelivery)) },
      { parent: this },
    );
    new aws.ec2.FlowLog(
      `${name}-flow-logs`,
      {
        vpcId: this.vpcId,
        trafficType: "ALL",
        logDestination: logGroup.arn,
        iamRoleArn: role.arn,
      },
      // Without its policy the role delivers nothing, and only the flow log's status says so.
      { parent: this, dependsOn: [delivery] },
    );
  }
}
