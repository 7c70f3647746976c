import { join } from "node:path";
import { Store } from "../aws/store.ts";
import { stateDir } from "../state/folder.ts";
import { twinAccounts, twinPaths } from "../state/twin.ts";
import type { ClusterKey } from "../cluster/cluster.ts";

const association = "aws:eks/podIdentityAssociation:PodIdentityAssociation";

/**
 * The variables that EKS Pod Identity adds to a Pod: credentials if the Pod's service account has an association in the
 * cluster, else nothing, and the Pod's AWS calls fail. Here the credentials are the account's profile: the double of the
 * AWS CLI ignores roles.
 */
export function podIdentity(
  { accountId, name }: ClusterKey,
  namespace: string,
  serviceAccount: string,
): Record<string, string> {
  const associations = new Store(join(stateDir(), "aws", accountId)).list(association);
  const isAssociated = associations.some(
    ({ inputs }) =>
      inputs["clusterName"] === name &&
      inputs["namespace"] === namespace &&
      inputs["serviceAccount"] === serviceAccount,
  );
  const account = Object.values(twinAccounts).find((known) => known.accountId === accountId);
  if (!isAssociated || account === undefined) return {};
  return { AWS_PROFILE: account.profile, AWS_CONFIG_FILE: twinPaths().awsConfig };
}
