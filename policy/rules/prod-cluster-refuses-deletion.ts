import { ofCluster } from "../eks.ts";
import { prodOnly, type Rule } from "../rule.ts";
import { settingMustBe } from "../settings.ts";
import { violation } from "../values.ts";

export const prodClusterRefusesDeletion: Rule = {
  name: "prod-cluster-refuses-deletion",
  reason: "One wrong command must not delete prod.",
  fix: "set idp:cluster.deletionProtection to true in Pulumi.prod.yaml",
  severity: "critical",
  link: "https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html",
  levels: prodOnly,
  unknown: "wait",
  resource: (resource) => {
    const protection = ofCluster(resource, "deletionProtection");
    return protection && protection.value !== true
      ? [violation(protection.path, protection.value, "must be true in prod")]
      : [];
  },
  settings: settingMustBe("cluster", "deletionProtection", true, "in prod"),
};
