import { containersOf } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, isAbsent, violation, type Step } from "../values.ts";

/** A CPU limit is left out on purpose: it slows a service down where the node has time to spare. */
const wanted: readonly (readonly Step[])[] = [
  ["resources", "limits", "memory"],
  ["resources", "requests", "cpu"],
  ["resources", "requests", "memory"],
];

export const containersHaveLimits: Rule = {
  name: "containers-have-limits",
  reason: "Without them one service can take a node's memory from all others.",
  fix: "set resources.requests of cpu and memory, and resources.limits of memory",
  severity: "medium",
  link: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
  levels: everywhere,
  unknown: "wait",
  workload: (manifest) =>
    containersOf(manifest).flatMap(({ path, spec }) =>
      wanted.flatMap((place) => {
        const value = at(spec, ...place);
        return isAbsent(value) ? [violation([...path, ...place], value, "must be set")] : [];
      }),
    ),
};
