import { clusterCreatorIsNoAdministrator } from "../../policy/rules/cluster-creator-is-no-administrator.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

const key = "accessConfig.bootstrapClusterCreatorAdminPermissions";
const at = ["props", ...key.split(".")];

describeRule(
  clusterCreatorIsNoAdministrator,
  "resource",
  resource("aws:eks/cluster:Cluster", {
    accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
  }),
  [
    {
      title: "refuses the creator",
      at,
      value: true,
      expected: [`${key}: found true; must be false`],
    },
    {
      title: "refuses the default",
      at,
      value: undefined,
      expected: [`${key}: found nothing; must be false`],
    },
    {
      title: "refuses a cluster without access settings",
      at: ["props"],
      value: {},
      expected: [`${key}: found nothing; must be false`],
    },
    { title: "waits for what is not known", at, value: unknownValue, expected: [] },
    {
      title: "ignores the component, which has no argument for it",
      at: [],
      value: resource("eks:index:Cluster", {}),
      expected: [],
    },
  ],
);
