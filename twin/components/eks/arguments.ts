import type { ClusterArgs } from "@pulumi/eks/cluster.js";
import { notPlayed, otherArguments, type ComponentDouble } from "../not-played.ts";

const eks: ComponentDouble = {
  name: "eks",
  plays:
    'a cluster in a given VPC with autoMode {enabled: true}, authenticationMode "API", skipDefaultNodeGroup: true and corednsAddonOptions {enabled: false}',
  folder: "twin/components/eks/",
};

const played = [
  "accessEntries",
  "authenticationMode",
  "autoMode",
  "corednsAddonOptions",
  "deletionProtection",
  "enabledClusterLogTypes",
  "encryptionConfigKeyArn",
  "endpointPrivateAccess",
  "endpointPublicAccess",
  "name",
  "privateSubnetIds",
  "providerCredentialOpts",
  "publicAccessCidrs",
  "publicSubnetIds",
  "skipDefaultNodeGroup",
  "upgradePolicy",
  "version",
  "vpcId",
] as const satisfies (keyof ClusterArgs)[];

/**
 * Checks the arguments that decide how many resources there are. They are never Outputs and can be read immediately.
 * @throws Error with the real component's text for a combination that it refuses, and with the double's own text for
 *   anything that the double does not play
 */
export function checkArguments(args: ClusterArgs): void {
  const { accessEntries = {}, authenticationMode, autoMode, corednsAddonOptions } = args;
  if (authenticationMode === undefined || authenticationMode === "CONFIG_MAP") {
    throw new Error(
      "Access entries are required when using EKS Auto Mode. Use the authentication mode 'API' or 'API_AND_CONFIG_MAP'.",
    );
  }
  // An empty list counts as set: the real component refuses it too.
  if (args.endpointPublicAccess === false && args.publicAccessCidrs !== undefined) {
    throw new Error("`publicAccessCidrs` can only be set when `endpointPublicAccess` is true");
  }
  // With their defaults these arguments create an unused instance role, its profile and an add-on.
  const missing = [
    ...(authenticationMode === "API" ? [] : [`authenticationMode ${authenticationMode}`]),
    ...(autoMode?.enabled === true ? [] : ["a cluster without Auto Mode"]),
    ...(autoMode?.createNodeRole === false ? ["autoMode.createNodeRole: false"] : []),
    ...(args.skipDefaultNodeGroup === true ? [] : ["a default node group"]),
    ...(corednsAddonOptions?.enabled === false ? [] : ["the coredns add-on"]),
    ...(args.vpcId === undefined ? ["the default VPC"] : []),
  ];
  const others = [
    ...otherArguments(args, played),
    ...otherArguments(autoMode ?? {}, ["computeConfig", "createNodeRole", "enabled"], "autoMode."),
    ...otherArguments(autoMode?.computeConfig ?? {}, ["nodePools"], "autoMode.computeConfig."),
    ...otherArguments(args.providerCredentialOpts ?? {}, [], "providerCredentialOpts."),
    ...Object.values(accessEntries).flatMap((entry) =>
      otherArguments(entry, ["principalArn", "accessPolicies"], "accessEntries."),
    ),
  ];
  if (missing.length + others.length > 0) throw notPlayed(eks, [...missing, ...others]);
}
