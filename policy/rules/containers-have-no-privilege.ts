import { containersOf, podOf } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, listOf, violation } from "../values.ts";

export const containersHaveNoPrivilege: Rule = {
  name: "containers-have-no-privilege",
  reason: "A service needs nothing of the node, so whoever takes it over gets nothing of it.",
  fix: "set allowPrivilegeEscalation: false and capabilities.drop: [ALL]; no privileged, no added capabilities, no host namespaces",
  severity: "high",
  link: "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
  levels: everywhere,
  unknown: "wait",
  workload: (manifest) => {
    const pod = podOf(manifest);
    if (!pod) return [];
    return [
      ...["hostNetwork", "hostPID", "hostIPC"].flatMap((key) => {
        const value = at(pod.spec, key);
        return value === undefined || value === false
          ? []
          : [violation([...pod.path, key], value, "must not be there")];
      }),
      ...containersOf(manifest).flatMap(({ path, spec }) => {
        const security = [...path, "securityContext"];
        const privileged = at(spec, "securityContext", "privileged");
        const escalation = at(spec, "securityContext", "allowPrivilegeEscalation");
        const dropped = at(spec, "securityContext", "capabilities", "drop");
        const added = at(spec, "securityContext", "capabilities", "add");
        return [
          ...(privileged === undefined || privileged === false
            ? []
            : [violation([...security, "privileged"], privileged, "must not be there")]),
          ...(escalation === false
            ? []
            : [violation([...security, "allowPrivilegeEscalation"], escalation, "must be false")]),
          ...(listOf(dropped).includes("ALL")
            ? []
            : [violation([...security, "capabilities", "drop"], dropped, "must hold ALL")]),
          ...(listOf(added).length === 0
            ? []
            : [violation([...security, "capabilities", "add"], added, "must not be there")]),
        ];
      }),
    ];
  },
};
