import type { ClusterArgs } from "@pulumi/eks/cluster.js";
import {
  all,
  jsonStringify,
  output,
  type Input,
  type Inputs,
  type Output,
} from "@pulumi/pulumi/output.js";
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

type CredentialOptions = NonNullable<ClusterArgs["providerCredentialOpts"]>;

/** `eks:index:Cluster`, the double's component. */
class Cluster extends ComponentResource {
  constructor(name: string, opts: ComponentResourceOptions) {
    super("eks:index:Cluster", name, {}, opts);
  }

  /** Says that no child is to come, and what the component gives back. */
  finish(state: Record<string, unknown>): void {
    this.registerOutputs(state);
  }
}

/** The provider that the real component installs its own Kubernetes objects with; in Auto Mode it has none. */
class KubernetesProvider extends ProviderResource {
  constructor(name: string, args: Inputs, parent: Cluster) {
    super("kubernetes", name, args, { parent, version: sdkVersion("kubernetes") });
  }
}

/** What of the cluster each child needs. */
interface Context {
  readonly component: Cluster;
  readonly name: string;
  readonly args: ClusterArgs;
  readonly partition: Output<string>;
}

/**
 * Registers the children that eks.Cluster registers for an Auto Mode cluster with API authentication, with its names,
 * parents and inputs (the table in aws-contract.md; test/e2e/doubles.e2e.ts compares), and gives back its outputs.
 *
 * Two things that the real component does are left out, for they need what the twin has not: the TLS connection to the
 * OIDC issuer for its thumbprint, and the health probe of a public endpoint, which the AWS double has answered already.
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
  const partition = aws.partition(component).apply((answer) => answer.partition);
  const context: Context = { component, name, args, partition };

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
      tags: args.tags,
    },
    component,
  );
  const nodeRole =
    args.autoMode?.createNodeRole === false
      ? undefined
      : new ServiceRole(
          `${name}-nodeRole`,
          {
            service: "ec2.amazonaws.com",
            assumeRoleActions: ["sts:AssumeRole"],
            policies: ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"],
            partition,
            tags: args.tags,
          },
          component,
        );

  const subnetIds = subnetsOf(args);
  const encryptionConfig =
    args.encryptionConfigKeyArn === undefined
      ? undefined
      : { provider: { keyArn: args.encryptionConfigKeyArn }, resources: ["secrets"] };
  const eksCluster = addCluster(context, eksRole, nodeRole, subnetIds, encryptionConfig);

  const credentials = credentialOptions(args, env);
  const configFor = (withProfile: boolean): Output<ReturnType<typeof kubeconfig>> =>
    all([
      eksCluster.name,
      eksCluster.endpoint,
      eksCluster.certificateAuthority,
      eksCluster.arn,
      output(credentials),
    ]).apply(([clusterName, endpoint, authority, arn, options]) =>
      kubeconfig({
        clusterName,
        endpoint,
        region: arn.split(":")[3] ?? "",
        certificateAuthority: authority.data,
        roleArn: options?.roleArn,
        profileName: withProfile ? options?.profileName : undefined,
      }),
    );
  const userConfig = configFor(false);
  const provider = new KubernetesProvider(
    `${name}-eks-k8s`,
    {
      kubeconfig: jsonStringify(configFor(true)),
      enableConfigMapMutable: output(args.enableConfigMapMutable).apply((value) =>
        value === undefined ? undefined : JSON.stringify(value),
      ),
    },
    component,
  );

  const instanceRole = addInstanceRole(context);
  addAccessEntries(context, eksCluster, instanceRole);
  addCoreDns(context, eksCluster);
  const oidcProvider = addOidcProvider(context, eksCluster);

  const issuer = eksCluster.identities.apply((identities) => identities[0]?.oidcs[0]?.issuer ?? "");
  const groupId = eksCluster.vpcConfig.apply((config) => config.clusterSecurityGroupId);
  const nodeRoleName = nodeRole?.directRole.name ?? output("");
  const instanceRoles = instanceRole === undefined ? [] : [instanceRole.directRole];
  const state = {
    eksCluster,
    kubeconfig: userConfig,
    kubeconfigJson: jsonStringify(userConfig),
    instanceRoles,
    clusterSecurityGroupId: groupId,
    nodeSecurityGroupId: groupId,
    clusterIngressRuleId: "",
    defaultNodeGroupAsgName: "",
    fargateProfileId: "",
    fargateProfileStatus: "",
    oidcProviderArn: oidcProvider?.arn ?? "",
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
      instanceRoles,
      nodeGroupOptions: {},
      storageClasses: {},
      kubeconfig: userConfig,
      tags: args.tags,
      oidcProvider,
      encryptionConfig,
      clusterIamRole: eksRole.directRole,
      accessEntries: Object.values(args.accessEntries ?? {}),
      autoModeNodeRoleName: nodeRoleName,
    },
  };
  component.finish(state);
  return { urn: component.urn, state };
}

function subnetsOf(args: ClusterArgs): Output<string[]> {
  if (args.subnetIds !== undefined) return output(args.subnetIds);
  return all([output(args.publicSubnetIds ?? []), output(args.privateSubnetIds ?? [])]).apply(
    ([publicIds, privateIds]) => [...publicIds, ...privateIds],
  );
}

function addCluster(
  { component, name, args }: Context,
  eksRole: ServiceRole,
  nodeRole: ServiceRole | undefined,
  subnetIds: Output<string[]>,
  encryptionConfig: { provider: { keyArn: Input<string> }; resources: string[] } | undefined,
): aws.Cluster {
  // All of Auto Mode is known or unknown together, as the real provider needs it.
  const autoMode = all([
    output(args.autoMode?.computeConfig),
    output(nodeRole?.directRole.arn),
    output(args.kubernetesServiceIpAddressRange),
    output(args.ipFamily),
  ]).apply(([compute, nodeRoleArn, serviceIpv4Cidr, ipFamily = "ipv4"]) => ({
    computeConfig: {
      enabled: true,
      nodeRoleArn,
      nodePools: ["general-purpose", "system"],
      ...compute,
    },
    storageConfig: { blockStorage: { enabled: true } },
    kubernetesNetworkConfig: {
      serviceIpv4Cidr: ipFamily === "ipv4" ? serviceIpv4Cidr : undefined,
      ipFamily,
      elasticLoadBalancing: { enabled: true },
    },
  }));
  return new aws.Cluster(
    `${name}-eksCluster`,
    {
      name: args.name,
      version: args.version,
      roleArn: eksRole.directRole.arn,
      accessConfig: {
        authenticationMode: args.authenticationMode,
        // The component installs into the cluster it makes, so its maker is always an administrator.
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
        publicAccessCidrs: publicAccessCidrs(args),
      },
      encryptionConfig,
      enabledClusterLogTypes: args.enabledClusterLogTypes,
      upgradePolicy: args.upgradePolicy,
      deletionProtection: args.deletionProtection,
      tags: all([output(args.tags), output(args.clusterTags)]).apply(([tags, clusterTags]) => ({
        Name: `${name}-eksCluster`,
        ...clusterTags,
        ...tags,
      })),
    },
    {
      parent: component,
      ignoreChanges: [
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "bootstrapSelfManagedAddons",
      ],
      dependsOn: [eksRole.resolvedRole, ...(nodeRole === undefined ? [] : [nodeRole.resolvedRole])],
    },
  );
}

/** Refused where public access turns out to be off only when its value is known. */
function publicAccessCidrs(args: ClusterArgs): Output<string[]> | undefined {
  if (args.publicAccessCidrs === undefined) return undefined;
  return all([output(args.publicAccessCidrs), output(args.endpointPublicAccess)]).apply(
    ([cidrs, open = true]) => {
      if (open) return cidrs;
      throw new Error("`publicAccessCidrs` can only be set when `endpointPublicAccess` is true");
    },
  );
}

/**
 * The node role that the component makes even for Auto Mode, which does not use it: unless skipDefaultNodeGroup is true or
 * createInstanceRole is false.
 */
function addInstanceRole({ component, name, args, partition }: Context): ServiceRole | undefined {
  const wanted = args.createInstanceRole ?? args.skipDefaultNodeGroup !== true;
  if (!wanted) return undefined;
  const role = new ServiceRole(
    `${name}-instanceRole`,
    {
      service: "ec2.amazonaws.com",
      assumeRoleActions: ["sts:AssumeRole"],
      policies: [
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonEC2ContainerRegistryReadOnly",
      ],
      partition,
      tags: args.tags,
    },
    component,
  );
  new aws.InstanceProfile(
    `${name}-instanceProfile`,
    { role: role.directRole },
    { parent: component, dependsOn: [role.resolvedRole] },
  );
  return role;
}

function addAccessEntries(
  { component, name, args }: Context,
  cluster: aws.Cluster,
  instanceRole: ServiceRole | undefined,
): void {
  const opts = { parent: component, dependsOn: [cluster] };
  if (instanceRole !== undefined) {
    new aws.AccessEntry(
      `${name}-defaultNodeGroupInstanceRole`,
      {
        clusterName: cluster.name,
        principalArn: instanceRole.resolvedRole.apply((role) => role.arn),
        type: "EC2_LINUX",
      },
      opts,
    );
  }
  for (const [key, entry] of Object.entries(args.accessEntries ?? {})) {
    const { accessPolicies = {}, principalArn, username, kubernetesGroups, type, tags } = entry;
    const accessEntry = new aws.AccessEntry(
      `${name}-${key}`,
      {
        clusterName: cluster.name,
        principalArn,
        userName: username,
        kubernetesGroups,
        type,
        tags,
      },
      opts,
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

function addCoreDns({ component, name, args }: Context, cluster: aws.Cluster): void {
  const options = args.corednsAddonOptions;
  if (options?.enabled === false && options.configurationValues === undefined) return;
  new aws.Addon(
    `${name}-coredns`,
    {
      clusterName: cluster.name,
      addonName: "coredns",
      tags: args.tags,
      preserve: true,
      addonVersion:
        options?.version ??
        aws.addonVersion(component, "coredns", cluster.version).apply((addon) => addon.version),
      resolveConflictsOnCreate: options?.resolveConflictsOnCreate ?? "OVERWRITE",
      resolveConflictsOnUpdate: options?.resolveConflictsOnUpdate ?? "OVERWRITE",
      configurationValues: output(options?.configurationValues).apply((values) =>
        values === undefined ? undefined : sortedJson(values),
      ),
    },
    { parent: component },
  );
}

/** JSON whose keys are in order, so that a difference is never one of order alone. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function addOidcProvider(
  { component, name, args }: Context,
  cluster: aws.Cluster,
): aws.OpenIdConnectProvider | undefined {
  if (args.createOidcProvider === undefined || args.createOidcProvider === false) return undefined;
  return new aws.OpenIdConnectProvider(
    `${name}-oidcProvider`,
    {
      clientIdLists: ["sts.amazonaws.com"],
      url: cluster.identities.apply((identities) => identities[0]?.oidcs[0]?.issuer ?? ""),
      // The real component fetches the issuer's certificate for this; nobody answers there in the twin.
      thumbprintLists: ["0".repeat(40)],
    },
    { parent: component },
  );
}

/** As the real component: what the program gives, else the profile of the environment. */
function credentialOptions(
  args: ClusterArgs,
  env: NodeJS.ProcessEnv,
): Input<CredentialOptions> | undefined {
  if (args.providerCredentialOpts !== undefined) return args.providerCredentialOpts;
  const profileName = env["AWS_PROFILE"];
  return profileName === undefined || profileName === "" ? undefined : { profileName };
}
