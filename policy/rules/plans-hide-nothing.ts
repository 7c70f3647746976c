import { type Rule } from "../rule.ts";
import { violation } from "../values.ts";

/** Resources whose effect no plan shows: what they run or install could be anything. */
const hiding = [
  /^kubernetes:helm\.sh\/v3:Release$/,
  /^command:/,
  /^pulumi-nodejs:dynamic[:/]/,
  /^null:/,
  /^terraform:/,
];

export const plansHideNothing: Rule = {
  name: "plans-hide-nothing",
  reason:
    "A rule can only judge what a plan shows; a Helm release or a command can do what no rule sees.",
  fix: "register the objects themselves, by kubernetes.yaml or kubernetes.helm.v4.Chart",
  severity: "high",
  link: "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/choosing-the-right-helm-resource-for-your-use-case/",
  levels: { dev: "advisory", staging: "mandatory", prod: "mandatory" },
  unknown: "wait",
  resource: ({ type }) =>
    hiding.some((pattern) => pattern.test(type))
      ? [violation([], type, "must not be there: its effect is not in the plan")]
      : [],
};
