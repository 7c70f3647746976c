import type { ClusterArgs } from "@pulumi/eks/cluster.js";

/**
 * What of the arguments decides how many resources there are; never an Output, so it can be read at once.
 * @throws Error in the real component's words for a combination that it refuses, in the double's own for what it does
 *   not play
 */
export function checkArguments(args: ClusterArgs): void {
  const mode = args.authenticationMode;
  if (mode !== undefined && !["API", "CONFIG_MAP", "API_AND_CONFIG_MAP"].includes(mode)) {
    throw new Error(
      `Invalid value for authenticationMode: ${mode}. Allowed values are: CONFIG_MAP, API_AND_CONFIG_MAP, API.`,
    );
  }
  if (
    args.subnetIds !== undefined &&
    (args.publicSubnetIds ?? args.privateSubnetIds) !== undefined
  ) {
    throw new Error(
      "subnetIds, and the use of publicSubnetIds and/or privateSubnetIds are mutually exclusive. Choose a single approach.",
    );
  }
  if (args.instanceRole !== undefined && args.instanceRoles !== undefined) {
    throw new Error(
      "instanceRole and instanceRoles are mutually exclusive, and cannot both be set.",
    );
  }
  const byEntries = mode === "API" || mode === "API_AND_CONFIG_MAP";
  if (!byEntries && args.accessEntries !== undefined) {
    throw new Error(
      `The 'accessEntries' property is not supported when 'authenticationMode' is ${mode === undefined ? "not set" : `set to '${mode}'`}.`,
    );
  }
  if (args.autoMode?.enabled === true && !byEntries) {
    throw new Error(
      "Access entries are required when using EKS Auto Mode. Use the authentication mode 'API' or 'API_AND_CONFIG_MAP'.",
    );
  }
  for (const key of ["roleMappings", "userMappings"] as const) {
    const value = args[key];
    if (mode === "API" && value !== undefined && !(Array.isArray(value) && value.length === 0)) {
      throw new Error(
        `The '${key}' property does not support non-empty values when 'authenticationMode' is set to 'API'.`,
      );
    }
  }
  // An empty list counts as set: the real component refuses it too.
  if (args.endpointPublicAccess === false && args.publicAccessCidrs !== undefined) {
    throw new Error("`publicAccessCidrs` can only be set when `endpointPublicAccess` is true");
  }
  checkPlayed(args);
}

/** Arguments of the real component that this double does not play. */
const notPlayed = [
  "clusterSecurityGroup",
  "clusterSecurityGroupTags",
  "creationRoleProvider",
  "desiredCapacity",
  "fargate",
  "gpu",
  "instanceProfileName",
  "instanceRole",
  "instanceRoles",
  "instanceType",
  "maxSize",
  "minSize",
  "nodeAmiId",
  "nodeAssociatePublicIpAddress",
  "nodeGroupOptions",
  "nodePublicKey",
  "nodeRootVolumeEncrypted",
  "nodeRootVolumeSize",
  "nodeSecurityGroupTags",
  "nodeSubnetIds",
  "nodeUserData",
  "proxy",
  "roleMappings",
  "serviceRole",
  "storageClasses",
  "userMappings",
  "vpcCniOptions",
] as const satisfies (keyof ClusterArgs)[];

function checkPlayed(args: ClusterArgs): void {
  if (args.autoMode?.enabled !== true || args.authenticationMode !== "API") {
    throw new Error(
      'The eks double plays EKS Auto Mode with the authentication mode API only. Fix: autoMode: {enabled: true}, authenticationMode: "API"',
    );
  }
  const set: string[] = notPlayed.filter((key) => args[key] !== undefined && args[key] !== false);
  if (args.vpcId === undefined) set.push("a cluster without vpcId (the default VPC)");
  if (args.skipDefaultSecurityGroups === false) set.push("skipDefaultSecurityGroups: false");
  if (args.useDefaultVpcCni === false) set.push("useDefaultVpcCni: false");
  if (args.kubeProxyAddonOptions?.enabled === true) set.push("kubeProxyAddonOptions");
  if (set.length > 0) {
    throw new Error(
      `The eks double does not play ${set.join(", ")}. Fix: leave it out, or add it to twin/components/eks/`,
    );
  }
}
