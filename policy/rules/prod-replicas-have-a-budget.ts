import { prodOnly, type Rule } from "../rule.ts";
import { at, shown, textOf } from "../values.ts";

export const prodReplicasHaveABudget: Rule = {
  name: "prod-replicas-have-a-budget",
  reason: "Without a PodDisruptionBudget an upgrade of the nodes may take all replicas at once.",
  fix: "give every workload of more than one replica a PodDisruptionBudget",
  severity: "medium",
  link: "https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
  levels: prodOnly,
  unknown: "wait",
  release: (manifests) => {
    const ofKind = (...kinds: readonly string[]) =>
      manifests.filter(({ kind }) => kinds.includes(textOf(kind)));
    const scaled = ofKind("HorizontalPodAutoscaler");
    // An autoscaler has a minimum instead of a fixed number; without either there is one replica.
    const replicas = [
      ...ofKind("Deployment", "StatefulSet").map((manifest) => at(manifest, "spec", "replicas")),
      ...scaled.map((manifest) => at(manifest, "spec", "minReplicas")),
    ].find((value) => typeof value === "number" && value > 1);
    return replicas !== undefined && ofKind("PodDisruptionBudget").length === 0
      ? [
          {
            path: "",
            found: `${shown(replicas)} replicas without a PodDisruptionBudget`,
            allowed: "must have one in prod",
          },
        ]
      : [];
  },
};
