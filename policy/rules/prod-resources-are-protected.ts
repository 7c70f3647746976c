import { prodOnly, type Rule } from "../rule.ts";

/** What prod cannot get back once it is deleted or replaced. */
const lasting = ["aws:eks/cluster:Cluster", "eks:index:Cluster"];

export const prodResourcesAreProtected: Rule = {
  name: "prod-resources-are-protected",
  reason: "The engine refuses to delete or replace what is protected, before it touches anything.",
  fix: "give the component protect: true; idp:cluster.deletionProtection does it in Pulumi.prod.yaml",
  severity: "critical",
  link: "https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
  levels: prodOnly,
  unknown: "wait",
  follows: ["cluster.deletionProtection"],
  stack: (resources) => {
    const clusters = resources.filter(({ type }) => lasting.includes(type));
    const bare = clusters.filter(({ protect }) => !protect);
    return [
      ...(clusters.length === 0
        ? [{ path: "", found: "no cluster", allowed: "must have its cluster" }]
        : []),
      ...bare.map(({ type, name }) => ({
        path: "protect",
        found: `${type} ${name} without it`,
        allowed: "must be true in prod",
      })),
    ];
  },
};
