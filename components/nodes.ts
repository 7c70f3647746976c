import * as aws from "@pulumi/aws";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/schema.ts";
import type { Cluster } from "./cluster.ts";
import { disruptionBudgets } from "./disruption-budgets.ts";
import { nodeTagging } from "./iam-documents.ts";
import { TypeToken } from "./type-token.ts";

/** Name of the class and of the pool. `default` is the class of EKS's own pools. */
const poolName = "platform";

/**
 * The longest that EKS lets a node live is 21 days, of which it keeps the last for taking its Pods away. It refuses a pool
 * that asks for more.
 */
const longestLife = `${20 * 24}h`;

/** Arguments of {@link Nodes}. */
export interface NodesArgs {
  readonly cluster: Cluster;
  /** Nodes start in these and nowhere else. They are named by id: a tag might also be on subnets of another VPC. */
  readonly privateSubnetIds: pulumi.Input<string[]>;
  /** The most vCPU that all nodes together have. A Pod that needs more waits. About $34 a month each, while there are Pods for it. */
  readonly maxVcpu: number;
  /** When nodes with Pods may be replaced or merged. @default at any time */
  readonly maintenance?: Settings["cluster"]["nodes"]["maintenance"];
  /** What the nodes, their disks and their network interfaces are tagged with. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The nodes that everything runs on: a NodePool of EKS Auto Mode and its NodeClass. EKS's own pool `general-purpose` offers
 * the same instances, but nobody can limit it, set a window for it, or keep it from asking for public addresses.
 *
 * What needs a node depends on this component.
 *
 * ### Cost
 * By use, up to `maxVcpu`. EKS takes the cheapest instances that fit.
 */
export class Nodes extends pulumi.ComponentResource {
  constructor(name: string, args: NodesArgs, opts?: pulumi.ComponentResourceOptions) {
    const { cluster, privateSubnetIds, ...inputs } = args;
    super(TypeToken.Nodes, name, inputs, opts);

    const tagging = new aws.iam.RolePolicy(
      `${name}-tags`,
      {
        role: cluster.roleName,
        policy: pulumi.jsonStringify(cluster.clusterName.apply(nodeTagging)),
      },
      { parent: this },
    );
    // EKS takes its nodes away with the cluster. Deleting the pool before it would wait for every Pod that a disruption
    // budget holds, up to a day.
    const options = { parent: this, deletedWith: cluster };
    const nodeClass = new k8s.apiextensions.CustomResource(
      `${name}-class`,
      {
        apiVersion: "eks.amazonaws.com/v1",
        kind: "NodeClass",
        metadata: { name: poolName },
        spec: {
          // The role that EKS made an access entry for when it made the cluster.
          role: cluster.nodeRoleName,
          subnetSelectorTerms: pulumi
            .output(privateSubnetIds)
            .apply((ids) => ids.map((id) => ({ id }))),
          securityGroupSelectorTerms: [{ id: cluster.securityGroupId }],
          // Said outright, because some organisations forbid instances that leave it to the subnet.
          advancedNetworking: { associatePublicIPAddress: false },
          tags: args.tags,
        },
      },
      { ...options, dependsOn: [tagging] },
    );
    new k8s.apiextensions.CustomResource(
      `${name}-pool`,
      {
        apiVersion: "karpenter.sh/v1",
        kind: "NodePool",
        metadata: { name: poolName },
        spec: {
          // Before EKS's own pool for add-ons, which has no limit.
          weight: 1,
          limits: { cpu: `${args.maxVcpu}` },
          disruption: {
            consolidationPolicy: "WhenEmptyOrUnderutilized",
            // A rolling update's second set of Pods is gone by then.
            consolidateAfter: "5m",
            budgets: disruptionBudgets(args.maintenance),
          },
          template: {
            spec: {
              expireAfter: longestLife,
              nodeClassRef: {
                group: "eks.amazonaws.com",
                kind: "NodeClass",
                name: nodeClass.metadata.name,
              },
              // Those of EKS's pool `general-purpose`.
              requirements: [
                { key: "karpenter.sh/capacity-type", operator: "In", values: ["on-demand"] },
                { key: "kubernetes.io/arch", operator: "In", values: ["amd64"] },
                {
                  key: "eks.amazonaws.com/instance-category",
                  operator: "In",
                  values: ["c", "m", "r"],
                },
                { key: "eks.amazonaws.com/instance-generation", operator: "Gt", values: ["4"] },
              ],
            },
          },
        },
      },
      options,
    );
    this.registerOutputs();
  }
}
