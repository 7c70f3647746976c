import { prodResourcesAreProtected } from "../../policy/rules/prod-resources-are-protected.ts";
import { describeRule, resource } from "./support.ts";

const vpc = resource("aws:ec2/vpc:Vpc", {});
const cluster = resource("aws:eks/cluster:Cluster", {}, true);
const component = resource("eks:index:Cluster", {}, true);

describeRule(
  prodResourcesAreProtected,
  "stack",
  [vpc, cluster, component],
  [
    {
      title: "refuses a bare cluster",
      at: [],
      value: [resource("aws:eks/cluster:Cluster", {})],
      expected: ["protect: found aws:eks/cluster:Cluster it without it; must be true in prod"],
    },
    {
      title: "refuses a bare component",
      at: [],
      value: [cluster, resource("eks:index:Cluster", {})],
      expected: ["protect: found eks:index:Cluster it without it; must be true in prod"],
    },
    {
      title: "refuses prod without its cluster",
      at: [],
      value: [vpc],
      expected: ["found no cluster; must have its cluster"],
    },
  ],
);
