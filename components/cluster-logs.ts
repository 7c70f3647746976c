import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { TypeToken } from "./type-token.ts";

/** Arguments of {@link ClusterLogs}. */
export interface ClusterLogsArgs {
  /** Name of the cluster in AWS: EKS writes to the group that is named after it. */
  readonly clusterName: string;
  /** Days to keep the logs. */
  readonly retentionDays: number;
}

/**
 * The log group of a cluster's control plane. It is no part of the cluster because it can outlive it: EKS writes the last
 * lines after the cluster's end, and makes the group again, to be kept for ever, if it is gone by then. A destroy that
 * another `up` follows leaves this component out, and the next cluster writes on.
 *
 * ### Cost
 * By volume. If the group did not exist, EKS would make it and keep its logs for ever.
 */
export class ClusterLogs extends pulumi.ComponentResource {
  constructor(name: string, args: ClusterLogsArgs, opts?: pulumi.ComponentResourceOptions) {
    super(TypeToken.ClusterLogs, name, args, opts);

    new aws.cloudwatch.LogGroup(
      `${name}-control-plane`,
      { name: `/aws/eks/${args.clusterName}/cluster`, retentionInDays: args.retentionDays },
      { parent: this },
    );

    this.registerOutputs();
  }
}
