import type { ClusterArgs } from "@pulumi/eks/cluster.js";
import { all, jsonStringify, output, type Inputs, type Output } from "@pulumi/pulumi/output.js";
import {
  ComponentResource,
  ProviderResource,
  type ComponentResourceOptions,
} from "@pulumi/pulumi/resource.js";
import * as aws from "../aws-sdk.ts";
import { sdkVersion } from "../../engine/sdk-version.ts";
import { checkArguments } from "./arguments.ts";
import { requireAwsCli } from "./aws-cli.ts";
import { kubeconfig } from "./kubeconfig.ts";
import { ServiceRole } from "./service-role.ts";

/** The double's component `eks:index:Cluster`. */
class Cluster extends ComponentResource {
  constructor(name: string, opts: ComponentResourceOptions) {
    super("eks:index:Cluster", name, {}, opts);
  }

  /** Tells the engine the component's outputs and that all children are registered. */
  finish(state: Record<string, unknown>): void {
    this.registerOutputs(state);
  }
}

/** The provider with which the real component installs its own Kubernetes objects. In Auto Mode there are none. */
class KubernetesProvider extends ProviderResource {
  constructor(name: string, args: Inputs, parent: Cluster) {
    super("kubernetes", name, args, { parent, version: sdkVersion("kubernetes") });
  }
}

/**
 * Registers the children of eks.Cluster for an Auto Mode cluster with API authentication, with the same names, parents and
 * inputs, and returns its outputs. The file test/fixtures/doubles/contract.json holds what the real component registers, as
 * measured.
 *
 * The real component's health probe of a public endpoint is left out: the AWS double has waited for the API server.
 * @throws Error for arguments that {@link checkArguments} refuses
 */
export function constructCluster(
  name: string,
  args: ClusterArgs,
  opts: ComponentResourceOptions,
  env: NodeJS.ProcessEnv = process.env,
): { urn: Output<string>; state: Record<string, unknown> } {
  requireAwsCli();
  checkArguments(args);
  const component = new Cluster(name, opts);
  const partition = aws.partition(component);

  const eksRole = new ServiceRole(
    `${name}-eksRole`,
    {
      service: "eks.amazonaws.com",
      description: "Allows EKS to manage clusters on your behalf.",
      assumeRoleActions: ["sts:AssumeRole", "sts:TagSession"],
      policies: [
        "AmazonEKSClusterPolicy",
        "AmazonEKSComputePolicy",
        "AmazonEKSBlockStoragePolicy",
        "AmazonEKSLoadBalancingPolicy",
        "AmazonEKSNetworkingPolicy",
      ],
      partition,
    },
    component,
  );
  const nodeRole = new ServiceRole(
    `${name}-nodeRole`,
    {
      service: "ec2.amazonaws.com",
      assumeRoleActions: ["sts:AssumeRole"],
      policies: ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"],
      partition,
    },
    component,
  );

  const subnetIds = all([
    output(args.publicSubnetIds ?? []),
    output(args.privateSubnetIds ?? []),
  ]).apply(([publicIds, privateIds]) => [...publicIds, ...privateIds]);
  // As a whole unknown in a preview that does not know the key.
  const encryptionConfig =
    args.encryptionConfigKeyArn === undefined
      ? undefined
      : output(args.encryptionConfigKeyArn).apply((keyArn) => ({
          provider: { keyArn },
          resources: ["secrets"],
        }));
  const eksCluster = addCluster(component, name, args, {
    eksRole,
    nodeRole,
    subnetIds,
    encryptionConfig,
  });

  const configFor = (profileName?: string): Output<ReturnType<typeof kubeconfig>> =>
    all([
      eksCluster.name,
      eksCluster.endpoint,
      eksCluster.certificateAuthority,
      eksCluster.arn,
    ]).apply(([clusterName, endpoint, authority, arn]) =>
      kubeconfig({
        clusterName,
        endpoint,
        region: arn.split(":")[3] ?? "",
        certificateAuthority: authority.data,
        profileName,
      }),
    );
  const userConfig = configFor();
  const provider = new KubernetesProvider(
    `${name}-eks-k8s`,
    { kubeconfig: jsonStringify(configFor(profileOf(args, env))) },
    component,
  );
  addAccessEntries(component, name, args, eksCluster);

  const issuer = eksCluster.identities.apply((identities) => identities[0]?.oidcs[0]?.issuer ?? "");
  const groupId = eksCluster.vpcConfig.apply((config) => config.clusterSecurityGroupId);
  const nodeRoleName = nodeRole.directRole.name;
  const state = {
    eksCluster,
    kubeconfig: userConfig,
    kubeconfigJson: jsonStringify(userConfig),
    instanceRoles: [],
    clusterSecurityGroupId: groupId,
    nodeSecurityGroupId: groupId,
    clusterIngressRuleId: "",
    defaultNodeGroupAsgName: "",
    fargateProfileId: "",
    fargateProfileStatus: "",
    oidcProviderArn: "",
    oidcProviderUrl: issuer,
    oidcIssuer: issuer.apply((url) => url.replace("https://", "")),
    autoModeNodeRoleName: nodeRoleName,
    core: {
      cluster: eksCluster,
      vpcId: args.vpcId,
      subnetIds,
      publicSubnetIds: args.publicSubnetIds,
      privateSubnetIds: args.privateSubnetIds,
      endpoint: eksCluster.endpoint,
      provider,
      instanceRoles: [],
      nodeGroupOptions: { version: args.version },
      storageClasses: {},
      kubeconfig: userConfig,
      encryptionConfig,
      clusterIamRole: eksRole.directRole,
      accessEntries: Object.values(args.accessEntries ?? {}),
      autoModeNodeRoleName: nodeRoleName,
    },
  };
  component.finish(state);
  return { urn: component.urn, state };
}

/** What the cluster resource needs besides the program's arguments. */
interface ClusterParts {
  readonly eksRole: ServiceRole;
  readonly nodeRole: ServiceRole;
  readonly subnetIds: Output<string[]>;
  readonly encryptionConfig:
    Output<{ provider: { keyArn: string }; resources: string[] }> | undefined;
}

function addCluster(
  component: Cluster,
  name: string,
  args: ClusterArgs,
  { eksRole, nodeRole, subnetIds, encryptionConfig }: ClusterParts,
): aws.Cluster {
  // The real provider needs all values of Auto Mode to be known or unknown together.
  const given = output(args.autoMode?.computeConfig);
  const autoMode = all([nodeRole.directRole.arn, given]).apply(([nodeRoleArn, own]) => ({
    computeConfig: { enabled: true, nodeRoleArn, nodePools: ["general-purpose", "system"], ...own },
    storageConfig: { blockStorage: { enabled: true } },
    kubernetesNetworkConfig: { ipFamily: "ipv4", elasticLoadBalancing: { enabled: true } },
  }));
  return new aws.Cluster(
    `${name}-eksCluster`,
    {
      name: args.name,
      version: args.version,
      roleArn: eksRole.directRole.arn,
      accessConfig: {
        authenticationMode: args.authenticationMode,
        // The component installs into the cluster, and therefore the cluster's creator is always an administrator.
        bootstrapClusterCreatorAdminPermissions: true,
      },
      bootstrapSelfManagedAddons: false,
      computeConfig: autoMode.computeConfig,
      storageConfig: autoMode.storageConfig,
      kubernetesNetworkConfig: autoMode.kubernetesNetworkConfig,
      vpcConfig: {
        subnetIds,
        endpointPrivateAccess: args.endpointPrivateAccess,
        endpointPublicAccess: args.endpointPublicAccess,
        publicAccessCidrs: args.publicAccessCidrs,
      },
      encryptionConfig,
      enabledClusterLogTypes: args.enabledClusterLogTypes,
      upgradePolicy: args.upgradePolicy,
      deletionProtection: args.deletionProtection,
      tags: { Name: `${name}-eksCluster` },
    },
    {
      parent: component,
      ignoreChanges: [
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "bootstrapSelfManagedAddons",
      ],
      dependsOn: [eksRole.resolvedRole, nodeRole.resolvedRole],
    },
  );
}

function addAccessEntries(
  component: Cluster,
  name: string,
  args: ClusterArgs,
  cluster: aws.Cluster,
): void {
  for (const [key, { principalArn, accessPolicies = {} }] of Object.entries(
    args.accessEntries ?? {},
  )) {
    const accessEntry = new aws.AccessEntry(
      `${name}-${key}`,
      { clusterName: cluster.name, principalArn },
      { parent: component, dependsOn: [cluster] },
    );
    for (const [policyKey, association] of Object.entries(accessPolicies)) {
      const known = output(association);
      new aws.AccessPolicyAssociation(
        `${name}-${key}-${policyKey}`,
        {
          clusterName: cluster.name,
          principalArn,
          policyArn: known.policyArn,
          accessScope: known.accessScope,
        },
        { parent: accessEntry, dependsOn: [accessEntry] },
      );
    }
  }
}

/** Returns the AWS profile of the component's own provider: the shell's, unless the program sets credentials. */
function profileOf(args: ClusterArgs, env: NodeJS.ProcessEnv): string | undefined {
  return args.providerCredentialOpts === undefined ? env["AWS_PROFILE"] || undefined : undefined;
}
