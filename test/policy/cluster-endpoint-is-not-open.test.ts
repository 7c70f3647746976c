import { clusterEndpointIsNotOpen } from "../../policy/rules/cluster-endpoint-is-not-open.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource, settings } from "./support.ts";

const allowed = "must name the networks that may reach the API, none wider than /8";
const cluster = resource("aws:eks/cluster:Cluster", {
  vpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.0/24"] },
});

describeRule(clusterEndpointIsNotOpen, "resource", cluster, [
  {
    title: "refuses the world",
    at: ["props", "vpcConfig", "publicAccessCidrs"],
    value: ["203.0.113.0/24", "0.0.0.0/0"],
    expected: [`vpcConfig.publicAccessCidrs: found ["203.0.113.0/24","0.0.0.0/0"]; ${allowed}`],
  },
  {
    title: "refuses half of it",
    at: ["props", "vpcConfig", "publicAccessCidrs"],
    value: ["128.0.0.0/1"],
    expected: [`vpcConfig.publicAccessCidrs: found ["128.0.0.0/1"]; ${allowed}`],
  },
  {
    title: "takes what one owner can have",
    at: ["props", "vpcConfig", "publicAccessCidrs"],
    value: ["18.0.0.0/8"],
    expected: [],
  },
  {
    title: "refuses AWS's default, which is the world",
    at: ["props", "vpcConfig"],
    value: undefined,
    expected: [`vpcConfig.publicAccessCidrs: found nothing; ${allowed}`],
  },
  {
    title: "refuses an empty list, which is the default",
    at: ["props", "vpcConfig", "publicAccessCidrs"],
    value: [],
    expected: [`vpcConfig.publicAccessCidrs: found []; ${allowed}`],
  },
  {
    title: "accepts a cluster without a public endpoint",
    at: ["props", "vpcConfig"],
    value: { endpointPublicAccess: false },
    expected: [],
  },
  {
    title: "waits for networks that are not known",
    at: ["props", "vpcConfig", "publicAccessCidrs"],
    value: unknownValue,
    expected: [],
  },
  {
    title: "sees through the component",
    at: [],
    value: resource("eks:index:Cluster", { publicAccessCidrs: ["::/0"] }),
    expected: [`publicAccessCidrs: found ["::/0"]; ${allowed}`],
  },
  {
    title: "sees that the component has no public endpoint",
    at: [],
    value: resource("eks:index:Cluster", { endpointPublicAccess: false }),
    expected: [],
  },
  { title: "ignores other types", at: ["type"], value: "aws:eks/addon:Addon", expected: [] },
]);

describeRule(
  clusterEndpointIsNotOpen,
  "settings",
  settings({ cluster: { publicAccessCidrs: [] } }),
  [
    {
      title: "refuses the world",
      at: ["cluster", "publicAccessCidrs"],
      value: ["0.0.0.0/0"],
      expected: [`cluster.publicAccessCidrs: found ["0.0.0.0/0"]; ${allowed}`],
    },
  ],
);
