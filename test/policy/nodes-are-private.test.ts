import { nodesArePrivate } from "../../policy/rules/nodes-are-private.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

const spec = {
  subnetSelectorTerms: [{ id: "subnet-a" }, { id: "subnet-b" }],
  advancedNetworking: { associatePublicIPAddress: false },
};
const nodeClass = { apiVersion: "eks.amazonaws.com/v1", kind: "NodeClass", spec };
const address = ["spec", "advancedNetworking", "associatePublicIPAddress"];
const terms = ["spec", "subnetSelectorTerms"];
const byId = "must name private subnets by their ids";

describeRule(nodesArePrivate, "manifest", nodeClass, [
  {
    title: "refuses a class that leaves the address to the subnet",
    at: ["spec", "advancedNetworking"],
    value: undefined,
    expected: [`${address.join(".")}: found nothing; must be false`],
  },
  {
    title: "refuses a class with a public address",
    at: address,
    value: true,
    expected: [`${address.join(".")}: found true; must be false`],
  },
  {
    title: "refuses the word false",
    at: address,
    value: "false",
    expected: [`${address.join(".")}: found "false"; must be false`],
  },
  {
    title: "waits for an address that is not known",
    at: address,
    value: unknownValue,
    expected: [],
  },
  {
    title: "refuses a class without subnets",
    at: terms,
    value: undefined,
    expected: [`${terms.join(".")}: found nothing; ${byId}`],
  },
  {
    title: "refuses a class with no subnet",
    at: terms,
    value: [],
    expected: [`${terms.join(".")}: found []; ${byId}`],
  },
  {
    title: "refuses subnets by a tag, also beside one by id",
    at: [...terms, 1],
    value: { tags: { Name: "private" } },
    expected: [`${terms.join(".")}[1]: found {"tags":{"Name":"private"}}; ${byId}`],
  },
  { title: "waits for subnets that are not known", at: terms, value: unknownValue, expected: [] },
  {
    title: "waits for a term that is not known",
    at: [...terms, 1],
    value: unknownValue,
    expected: [],
  },
  {
    title: "accepts ids that are not known",
    at: terms,
    value: [{ id: unknownValue }],
    expected: [],
  },
  {
    title: "ignores a class of Karpenter's own, which Auto Mode does not have",
    at: [],
    value: { ...nodeClass, apiVersion: "karpenter.k8s.aws/v1", spec: {} },
    expected: [],
  },
  {
    title: "ignores other kinds of EKS's",
    at: [],
    value: { ...nodeClass, kind: "IngressClassParams", spec: {} },
    expected: [],
  },
]);

const notThere = "must not be there: nodes would start in them";

describeRule(
  nodesArePrivate,
  "resource",
  resource("eks:index:Cluster", { privateSubnetIds: ["subnet-a"] }),
  [
    {
      title: "refuses public subnets for a cluster",
      at: ["props", "publicSubnetIds"],
      value: ["subnet-c"],
      expected: [`publicSubnetIds: found ["subnet-c"]; ${notThere}`],
    },
    {
      title: "waits for public subnets that are not known",
      at: ["props", "publicSubnetIds"],
      value: unknownValue,
      expected: [],
    },
    {
      title: "ignores what has public subnets and no nodes",
      at: [],
      value: resource("awsx:ec2:Vpc", { publicSubnetIds: ["subnet-c"] }),
      expected: [],
    },
  ],
);

const association = (routeTableId: unknown, subnetId: unknown) =>
  resource("aws:ec2/routeTableAssociation:RouteTableAssociation", { routeTableId, subnetId });
const route = (routeTableId: unknown, to: object) =>
  resource("aws:ec2/route:Route", { routeTableId, ...to });
const gateway = { gatewayId: "igw-1" };
const nat = { natGatewayId: "nat-1" };
const cluster = (...subnetIds: unknown[]) =>
  resource("aws:eks/cluster:Cluster", { vpcConfig: { subnetIds } });
const classIn = (...ids: unknown[]) =>
  resource("kubernetes:eks.amazonaws.com/v1:NodeClass", {
    spec: { subnetSelectorTerms: ids.map((id) => ({ id })) },
  });

const network = [
  association("rtb-private", "subnet-a"),
  association("rtb-public", "subnet-c"),
  route("rtb-private", nat),
  route("rtb-public", gateway),
];
const mustBe = "must be private: this one has a route to an internet gateway";
const clusterIn = (id: string) => `subnets: found aws:eks/cluster:Cluster it in ${id}; ${mustBe}`;
const classOf = (id: string) =>
  `subnets: found kubernetes:eks.amazonaws.com/v1:NodeClass it in ${id}; ${mustBe}`;

describeRule(
  nodesArePrivate,
  "stack",
  [...network, cluster("subnet-a"), classIn("subnet-a")],
  [
    {
      title: "refuses a cluster in a public subnet",
      at: [],
      value: [...network, cluster("subnet-a", "subnet-c"), classIn("subnet-a")],
      expected: [clusterIn("subnet-c")],
    },
    {
      title: "refuses a class in a public subnet",
      at: [],
      value: [...network, cluster("subnet-a"), classIn("subnet-c")],
      expected: [classOf("subnet-c")],
    },
    {
      title: "takes a subnet for public once its table leads to an internet gateway, too",
      at: [],
      value: [...network, route("rtb-private", gateway), cluster("subnet-a"), classIn("subnet-a")],
      expected: [clusterIn("subnet-a"), classOf("subnet-a")],
    },
    {
      title: "does not take a virtual private gateway for one to the internet",
      at: [],
      value: [
        association("rtb-1", "subnet-a"),
        route("rtb-1", { gatewayId: "vgw-igw-" }),
        cluster("subnet-a"),
      ],
      expected: [],
    },
    {
      title: "waits for subnets and tables that are not known",
      at: [],
      value: [
        association(unknownValue, "subnet-a"),
        association("rtb-public", unknownValue),
        route(unknownValue, gateway),
        route("rtb-public", gateway),
        cluster("subnet-a", unknownValue),
        classIn("subnet-a", unknownValue),
      ],
      expected: [],
    },
    {
      title: "waits for a gateway and a list that are not known",
      at: [],
      value: [
        association("rtb-1", "subnet-a"),
        route("rtb-1", { gatewayId: unknownValue }),
        cluster("subnet-a"),
        resource("aws:eks/cluster:Cluster", { vpcConfig: { subnetIds: unknownValue } }),
      ],
      expected: [],
    },
    {
      title: "goes by routes and associations, not by what else names a table",
      at: [],
      value: [
        ...network,
        resource("aws:ec2/routeTable:RouteTable", { routeTableId: "rtb-private", ...gateway }),
        resource("aws:ec2/vpcEndpoint:VpcEndpoint", {
          routeTableId: "rtb-public",
          subnetId: "subnet-a",
        }),
        cluster("subnet-a"),
      ],
      expected: [],
    },
    {
      title: "asks nothing of what has no nodes",
      at: [],
      value: [
        ...network,
        resource("aws:ec2/natGateway:NatGateway", {
          vpcConfig: { subnetIds: ["subnet-c"] },
          spec: { subnetSelectorTerms: [{ id: "subnet-c" }] },
        }),
        resource("kubernetes:karpenter.sh/v1:NodePool", {
          spec: { subnetSelectorTerms: [{ id: "subnet-c" }] },
        }),
      ],
      expected: [],
    },
  ],
);
