import { servicesHaveANetworkPolicy } from "../../policy/rules/services-have-a-network-policy.ts";
import { deployment, describeRule } from "./support.ts";

const policy = {
  kind: "NetworkPolicy",
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
};
const allowed = "must have one that selects every Pod, for Ingress and Egress";
const partly = [`found none for all Pods and both ways; ${allowed}`];

describeRule(
  servicesHaveANetworkPolicy,
  "release",
  [deployment, policy],
  [
    {
      title: "refuses none",
      at: [],
      value: [deployment],
      expected: [`found no NetworkPolicy; ${allowed}`],
    },
    {
      title: "refuses one way",
      at: [1, "spec", "policyTypes"],
      value: ["Ingress"],
      expected: partly,
    },
    {
      title: "refuses the other way",
      at: [1, "spec", "policyTypes"],
      value: ["Egress"],
      expected: partly,
    },
    {
      title: "refuses some Pods",
      at: [1, "spec", "podSelector"],
      value: { matchLabels: { app: "a" } },
      expected: partly,
    },
    {
      title: "refuses no selector",
      at: [1, "spec", "podSelector"],
      value: undefined,
      expected: partly,
    },
    {
      title: "takes another beside it",
      at: [2],
      value: { kind: "NetworkPolicy", spec: {} },
      expected: [],
    },
  ],
);
