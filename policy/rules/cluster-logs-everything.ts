import { ofCluster } from "../eks.ts";
import { everywhere, type Rule } from "../rule.ts";
import { listOf, violation } from "../values.ts";

const kinds = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

export const clusterLogsEverything: Rule = {
  name: "cluster-logs-everything",
  reason: "After an incident the control plane's logs are what there is to go by.",
  fix: `enable all logs of the control plane: ${kinds.join(", ")}`,
  severity: "medium",
  link: "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
  levels: everywhere,
  unknown: "wait",
  resource: (resource) => {
    const logs = ofCluster(resource, "logs");
    if (!logs) return [];
    const missing = kinds.filter((kind) => !listOf(logs.value).includes(kind));
    return missing.length > 0
      ? [violation(logs.path, logs.value, `must hold ${missing.join(", ")}`)]
      : [];
  },
};
