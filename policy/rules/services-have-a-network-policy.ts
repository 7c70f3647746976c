import { everywhere, type Rule } from "../rule.ts";
import { at, entriesOf, listOf } from "../values.ts";

export const servicesHaveANetworkPolicy: Rule = {
  name: "services-have-a-network-policy",
  reason:
    "Without one every Pod of the cluster reaches the service, and the service reaches everything.",
  fix: "render a NetworkPolicy that selects all Pods of the namespace, for Ingress and Egress",
  severity: "medium",
  link: "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
  levels: everywhere,
  unknown: "wait",
  release: (manifests) => {
    const policies = manifests.filter(({ kind }) => kind === "NetworkPolicy");
    const covers = policies.some((policy) => {
      const types = listOf(at(policy, "spec", "policyTypes"));
      const selector = at(policy, "spec", "podSelector");
      return (
        selector !== undefined &&
        entriesOf(selector).length === 0 &&
        types.includes("Ingress") &&
        types.includes("Egress")
      );
    });
    return covers
      ? []
      : [
          {
            path: "",
            found: policies.length === 0 ? "no NetworkPolicy" : "none for all Pods and both ways",
            allowed: "must have one that selects every Pod, for Ingress and Egress",
          },
        ];
  },
};
