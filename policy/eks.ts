import type { Resource } from "./rule.ts";
import { at, listOf, type Step } from "./values.ts";

/** What the rules ask of an EKS cluster, and where each answer stands in its inputs. */
export type ClusterAspect =
  "publicAccess" | "publicCidrs" | "encryptionKey" | "logs" | "deletionProtection";

/** The cluster as AWS's resource and as the component that makes it: the same facts under other names. */
const paths: Readonly<Record<string, Readonly<Record<ClusterAspect, readonly Step[]>>>> = {
  "aws:eks/cluster:Cluster": {
    publicAccess: ["vpcConfig", "endpointPublicAccess"],
    publicCidrs: ["vpcConfig", "publicAccessCidrs"],
    encryptionKey: ["encryptionConfig", "provider", "keyArn"],
    logs: ["enabledClusterLogTypes"],
    deletionProtection: ["deletionProtection"],
  },
  "eks:index:Cluster": {
    publicAccess: ["endpointPublicAccess"],
    publicCidrs: ["publicAccessCidrs"],
    encryptionKey: ["encryptionConfigKeyArn"],
    logs: ["enabledClusterLogTypes"],
    deletionProtection: ["deletionProtection"],
  },
};

/** Where an aspect stands in a cluster's inputs, and its value; undefined for other resources. */
export function ofCluster(
  { type, props }: Resource,
  aspect: ClusterAspect,
): { readonly path: readonly Step[]; readonly value: unknown } | undefined {
  const path = paths[type]?.[aspect];
  // The engine hands over a remote component without its inputs: there rules look at its child, AWS's cluster.
  if (!path || (type === "eks:index:Cluster" && Object.keys(props).length === 0)) return undefined;
  return { path, value: at(props, ...path) };
}

/** Whether a list of networks lets the whole world, or half of it, in. */
export function isOpenToTheWorld(cidrs: unknown): boolean {
  return listOf(cidrs).some((cidr) => /\/[0-7]$/.test(String(cidr)));
}
