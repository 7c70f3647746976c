import { prodClusterRefusesDeletion } from "../../policy/rules/prod-cluster-refuses-deletion.ts";
import { describeRule, resource, settings } from "./support.ts";

describeRule(
  prodClusterRefusesDeletion,
  "resource",
  resource("aws:eks/cluster:Cluster", { deletionProtection: true }),
  [
    {
      title: "refuses a cluster that can be deleted",
      at: ["props", "deletionProtection"],
      value: false,
      expected: ["deletionProtection: found false; must be true in prod"],
    },
    {
      title: "refuses the default",
      at: ["props", "deletionProtection"],
      value: undefined,
      expected: ["deletionProtection: found nothing; must be true in prod"],
    },
    {
      title: "sees through the component",
      at: [],
      value: resource("eks:index:Cluster", { name: "idp-prod", deletionProtection: false }),
      expected: ["deletionProtection: found false; must be true in prod"],
    },
    {
      title: "takes the component with it",
      at: [],
      value: resource("eks:index:Cluster", { name: "idp-prod", deletionProtection: true }),
      expected: [],
    },
    {
      title: "ignores other types",
      at: [],
      value: resource("aws:kms/key:Key", {}),
      expected: [],
    },
  ],
);

describeRule(
  prodClusterRefusesDeletion,
  "settings",
  settings({ cluster: { deletionProtection: true } }),
  [
    {
      title: "refuses false",
      at: ["cluster", "deletionProtection"],
      value: false,
      expected: ["cluster.deletionProtection: found false; must be true in prod"],
    },
  ],
);
