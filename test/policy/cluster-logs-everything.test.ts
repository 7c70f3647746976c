import { clusterLogsEverything } from "../../policy/rules/cluster-logs-everything.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

const logs = ["props", "enabledClusterLogTypes"];

describeRule(
  clusterLogsEverything,
  "resource",
  resource("aws:eks/cluster:Cluster", {
    enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
  }),
  [
    {
      title: "names what is missing",
      at: logs,
      value: ["api", "authenticator", "controllerManager"],
      expected: [
        'enabledClusterLogTypes: found ["api","authenticator","controllerManager"]; must hold audit, scheduler',
      ],
    },
    {
      title: "refuses all but one",
      at: logs,
      value: ["api", "audit", "authenticator", "controllerManager"],
      expected: [
        'enabledClusterLogTypes: found ["api","audit","authenticator","controllerManager"]; must hold scheduler',
      ],
    },
    {
      title: "refuses none",
      at: logs,
      value: undefined,
      expected: [
        "enabledClusterLogTypes: found nothing; must hold api, audit, authenticator, controllerManager, scheduler",
      ],
    },
    {
      title: "sees through the component",
      at: [],
      value: resource("eks:index:Cluster", { enabledClusterLogTypes: ["api", "audit"] }),
      expected: [
        'enabledClusterLogTypes: found ["api","audit"]; must hold authenticator, controllerManager, scheduler',
      ],
    },
    { title: "waits for what is not known", at: logs, value: unknownValue, expected: [] },
    {
      title: "ignores other types",
      at: [],
      value: resource("aws:kms/key:Key", {}),
      expected: [],
    },
  ],
);
