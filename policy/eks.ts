import type { Resource } from "./rule.ts";
import { at, entriesOf, listOf, mapOf, type Step } from "./values.ts";

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

/**
 * What the component that makes a cluster makes of its inputs that let somebody in: access entries and their policies, and
 * the networks that reach the API (measured: test/fixtures/doubles/contract.json). None of other resources, nor of the
 * component in a plan, where its children are resources of their own.
 */
export function madeByCluster({ type, name, props }: Resource): Resource[] {
  if (type !== "eks:index:Cluster") return [];
  const resource = (token: string, ending: string, inputs: Resource["props"]): Resource => ({
    ...{ type: `aws:eks/${token}`, name: `${name}-${ending}`, props: inputs, protect: false },
  });
  const entries = entriesOf(props["accessEntries"]).flatMap(([key, entry]) => {
    const { principalArn, kubernetesGroups, accessPolicies } = mapOf(entry);
    return [
      resource("accessEntry:AccessEntry", key, { principalArn, kubernetesGroups }),
      ...entriesOf(accessPolicies).map(([policy, association]) =>
        resource("accessPolicyAssociation:AccessPolicyAssociation", `${key}-${policy}`, {
          ...mapOf(association),
          principalArn,
        }),
      ),
    ];
  });
  const publicAccessCidrs = props["publicAccessCidrs"];
  return [
    ...entries,
    resource("cluster:Cluster", "eksCluster", { vpcConfig: { publicAccessCidrs } }),
  ];
}
