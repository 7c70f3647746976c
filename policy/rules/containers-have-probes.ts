import { containersOf } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, isAbsent, textOf, violation } from "../values.ts";

/** Kinds that serve for as long as they run. */
const serving = ["Deployment", "StatefulSet", "DaemonSet"];

export const containersHaveProbes: Rule = {
  name: "containers-have-probes",
  reason:
    "Kubernetes sends requests to what is ready, and starts again what is stuck, only when it can ask.",
  fix: "set readinessProbe and livenessProbe",
  severity: "medium",
  link: "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
  levels: everywhere,
  unknown: "wait",
  workload: (manifest) =>
    serving.includes(textOf(manifest["kind"]))
      ? containersOf(manifest)
          .filter(({ isService }) => isService)
          .flatMap(({ path, spec }) =>
            ["readinessProbe", "livenessProbe"].flatMap((key) => {
              const probe = at(spec, key);
              return isAbsent(probe) ? [violation([...path, key], probe, "must be set")] : [];
            }),
          )
      : [],
};
