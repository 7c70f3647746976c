import { containersOf, podOf } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, violation } from "../values.ts";

export const containersRunAsNobody: Rule = {
  name: "containers-run-as-nobody",
  reason: "Root in a container is one mistake away from root on the node.",
  fix: "set securityContext.runAsNonRoot: true, and no runAsUser: 0",
  severity: "high",
  link: "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
  levels: everywhere,
  unknown: "wait",
  workload: (manifest) => {
    const pod = podOf(manifest);
    return containersOf(manifest).flatMap(({ path, spec }) =>
      [
        {
          key: "runAsNonRoot",
          isFine: (value: unknown) => value === true,
          allowed: "must be true",
        },
        { key: "runAsUser", isFine: (value: unknown) => value !== 0, allowed: "must not be root" },
      ].flatMap(({ key, isFine, allowed }) => {
        const own = at(spec, "securityContext", key);
        const value = own ?? at(pod?.spec, "securityContext", key);
        return isFine(value) ? [] : [violation([...path, "securityContext", key], value, allowed)];
      }),
    );
  },
};
