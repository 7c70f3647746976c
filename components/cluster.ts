import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/schema.ts";
import { eksKubeconfig } from "./kubeconfig.ts";
import { TypeToken } from "./type-token.ts";

/** All five kinds of control-plane logs. */
const controlPlaneLogs = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

/** The EKS access policy of each level. No setting offers `admin-view`: it reads every kind, secrets included. */
const accessPolicies = {
  "cluster-admin": "AmazonEKSClusterAdminPolicy",
  admin: "AmazonEKSAdminPolicy",
  "admin-view": "AmazonEKSAdminViewPolicy",
  view: "AmazonEKSViewPolicy",
} as const;

/**
 * Children of the cluster that are never protected. They are replaced when their role changes; without this they would
 * inherit the cluster's `protect`, and the engine would refuse to replace them.
 */
const neverProtected = [
  "aws:eks/accessEntry:AccessEntry",
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
];

/**
 * Who gets into the cluster: those of its access entries, and not the principal that makes it. The eks component has no
 * argument for that and makes it an administrator (pulumi-eks#2373). The entry that EKS makes for it would collide with
 * the program's own whenever a workflow makes the cluster, and would let in a person whom no settings name.
 */
const accessConfig = {
  authenticationMode: "API",
  bootstrapClusterCreatorAdminPermissions: false,
} as const;

/** Puts {@link accessConfig} into the inputs of a resource, if it is AWS's cluster. */
export function withoutCreator({ type, props, opts }: pulumi.ResourceTransformArgs) {
  return type === "aws:eks/cluster:Cluster"
    ? { props: { ...props, accessConfig }, opts }
    : undefined;
}

/** Someone who may use the cluster's API. */
interface ClusterAccess {
  /** Stable name of the entry. */
  readonly name: string;
  readonly principalArn: pulumi.Input<string>;
  readonly level: keyof typeof accessPolicies;
  /** @default the whole cluster */
  readonly namespaces?: readonly string[] | undefined;
}

/** Arguments of {@link Cluster}. */
export interface ClusterArgs {
  /** Name in AWS; fixed, because the log group and the kubeconfig use it. Replaces the cluster when changed. */
  readonly clusterName: string;
  /**
   * Kubernetes minor version. EKS raises it by itself when its standard support ends, 14 months after its release: extended
   * support, at six times the price, is off.
   */
  readonly version: Settings["cluster"]["version"];
  readonly region: string;
  /** Profile of the AWS CLI for the Kubernetes provider. @default the environment's credentials */
  readonly profile?: string | undefined;
  readonly vpcId: pulumi.Input<string>;
  /**
   * Nodes, Pods and the API's addresses in the VPC live here. The cluster gets no public subnets: Auto Mode would start
   * nodes in them, and later changes do not reach its default NodeClass (aws/containers-roadmap#2793). Public load
   * balancers find theirs by tag.
   */
  readonly privateSubnetIds: pulumi.Input<string[]>;
  /** Networks that reach the API from outside the VPC. Empty: the API answers inside the VPC only. */
  readonly publicAccessCidrs: readonly string[];
  /** EKS refuses to delete the cluster while true. */
  readonly deletionProtection: boolean;
  /** The control plane's log group, which must be there before the cluster. */
  readonly logs: pulumi.Resource;
  /** Who may use the API. Nobody else can, not even the principal that made the cluster. */
  readonly access: readonly ClusterAccess[];
}

/**
 * An EKS cluster in Auto Mode: AWS runs nodes, storage and load balancers. Secrets are encrypted with the account's own
 * key, the control plane writes all its logs, and only access entries let IAM principals use the API.
 *
 * ### Cost
 * $73 a month for the control plane, $1 for the key, nodes by use plus about 12 % for Auto Mode.
 */
export class Cluster extends pulumi.ComponentResource {
  readonly clusterName: pulumi.Output<string>;
  readonly clusterArn: pulumi.Output<string>;
  /** The security group that EKS makes for the API and the nodes. It lets in nobody but itself. */
  readonly securityGroupId: pulumi.Output<string>;
  /** Name of the role with which EKS runs the cluster. */
  readonly roleName: pulumi.Output<string>;
  /** Name of the nodes' role. EKS lets nodes with it into the cluster. */
  readonly nodeRoleName: pulumi.Output<string>;
  /** Kubernetes provider for what is installed in the cluster. */
  readonly provider: k8s.Provider;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { vpcId, privateSubnetIds, logs, ...inputs } = args;
    super(TypeToken.Cluster, name, inputs, opts);

    const key = new aws.kms.Key(
      `${name}-secrets`,
      {
        description: `Secrets of EKS cluster ${args.clusterName}`,
        enableKeyRotation: true,
        deletionWindowInDays: 30,
      },
      { parent: this },
    );
    new aws.kms.Alias(
      `${name}-secrets`,
      { name: `alias/${args.clusterName}-secrets`, targetKeyId: key.keyId },
      { parent: this },
    );
    const { partition } = aws.getPartitionOutput({}, { parent: this });
    const isPublic = args.publicAccessCidrs.length > 0;

    const cluster = new eks.Cluster(
      name,
      {
        name: args.clusterName,
        version: args.version,
        vpcId,
        privateSubnetIds,
        authenticationMode: accessConfig.authenticationMode,
        // `general-purpose` is left out: see components/nodes.ts. With `system` EKS goes on to make the node role's access
        // entry and its own NodeClass.
        autoMode: { enabled: true, computeConfig: { nodePools: ["system"] } },
        // Auto Mode needs neither; by default both leave unused roles behind.
        skipDefaultNodeGroup: true,
        corednsAddonOptions: { enabled: false },
        endpointPrivateAccess: true,
        endpointPublicAccess: isPublic,
        ...(isPublic && { publicAccessCidrs: [...args.publicAccessCidrs] }),
        enabledClusterLogTypes: controlPlaneLogs,
        encryptionConfigKeyArn: key.arn,
        // Otherwise AWS_PROFILE of whoever runs the program ends up in the state, and the next run undoes it.
        providerCredentialOpts: {},
        deletionProtection: args.deletionProtection,
        // EKS's default, EXTENDED, keeps a version that nobody raised at six times the price.
        upgradePolicy: { supportType: "STANDARD" },
        accessEntries: Object.fromEntries(
          args.access.map((entry) => [entry.name, accessEntry(entry, partition)]),
        ),
      },
      {
        parent: this,
        dependsOn: [logs],
        transforms: [
          ({ type, props, opts: options }) =>
            neverProtected.includes(type)
              ? { props, opts: { ...options, protect: false } }
              : undefined,
          withoutCreator,
        ],
      },
    );
    this.clusterName = cluster.eksCluster.name;
    this.securityGroupId = cluster.clusterSecurityGroupId;
    this.roleName = cluster.eksCluster.roleArn.apply(lastSegment);
    this.nodeRoleName = cluster.autoModeNodeRoleName;
    this.clusterArn = cluster.eksCluster.arn;
    this.provider = new k8s.Provider(
      name,
      {
        kubeconfig: pulumi.secret(
          pulumi
            .all([
              this.clusterName,
              cluster.eksCluster.endpoint,
              cluster.eksCluster.certificateAuthority.data,
            ])
            .apply(([clusterName, endpoint, certificateAuthority]) =>
              eksKubeconfig({
                clusterName,
                endpoint,
                certificateAuthority,
                region: args.region,
                profile: args.profile,
              }),
            ),
        ),
      },
      { parent: this },
    );

    this.registerOutputs({ clusterName: this.clusterName });
  }
}

/** The name of the role in an ARN, whose path comes before it. */
function lastSegment(roleArn: string): string {
  return roleArn.split("/").at(-1) ?? "";
}

function accessEntry(entry: ClusterAccess, partition: pulumi.Output<string>) {
  return {
    principalArn: entry.principalArn,
    accessPolicies: {
      [entry.level]: {
        policyArn: pulumi.interpolate`arn:${partition}:eks::aws:cluster-access-policy/${accessPolicies[entry.level]}`,
        accessScope: entry.namespaces
          ? { type: "namespace", namespaces: [...entry.namespaces] }
          : { type: "cluster" },
      },
    },
  };
}
