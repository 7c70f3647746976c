import { everywhere, type Rule } from "../rule.ts";
import { at, violation } from "../values.ts";

const path = ["accessConfig", "bootstrapClusterCreatorAdminPermissions"] as const;

export const clusterCreatorIsNoAdministrator: Rule = {
  name: "cluster-creator-is-no-administrator",
  reason:
    "Who may use the cluster stands in its settings; EKS would add whoever made it, for as long as it lives.",
  fix: "set accessConfig.bootstrapClusterCreatorAdminPermissions to false, as components/cluster.ts does",
  severity: "high",
  link: "https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }) => {
    if (type !== "aws:eks/cluster:Cluster") return [];
    const found = at(props, ...path);
    return found === false ? [] : [violation(path, found, "must be false")];
  },
};
