import { gatewayEndpointsHaveRoutes } from "../../policy/rules/gateway-endpoints-have-routes.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

const must = "must name the route tables that lead to it";
const at = ["props", "routeTableIds"];

describeRule(
  gatewayEndpointsHaveRoutes,
  "resource",
  resource("aws:ec2/vpcEndpoint:VpcEndpoint", {
    serviceName: "com.amazonaws.us-west-2.s3",
    routeTableIds: ["rtb-1", "rtb-2"],
  }),
  [
    {
      title: "refuses one without route tables",
      at,
      value: undefined,
      expected: [`routeTableIds: found nothing; ${must}`],
    },
    {
      title: "refuses one with none",
      at,
      value: [],
      expected: [`routeTableIds: found []; ${must}`],
    },
    {
      title: "refuses one whose type is written out",
      at: ["props"],
      value: { vpcEndpointType: "Gateway" },
      expected: [`routeTableIds: found nothing; ${must}`],
    },
    {
      title: "ignores an interface's endpoint",
      at: ["props"],
      value: { vpcEndpointType: "Interface" },
      expected: [],
    },
    {
      title: "waits for a type that is not known",
      at: ["props"],
      value: { vpcEndpointType: unknownValue },
      expected: [],
    },
    { title: "waits for tables that are not known", at, value: unknownValue, expected: [] },
    {
      title: "accepts tables whose ids are not known",
      at,
      value: [unknownValue, unknownValue],
      expected: [],
    },
    {
      title: "ignores other types",
      at: [],
      value: resource("aws:ec2/vpc:Vpc", {}),
      expected: [],
    },
  ],
);

describeRule(
  gatewayEndpointsHaveRoutes,
  "resource",
  resource("awsx:ec2:Vpc", {
    vpcEndpointSpecs: [{ serviceName: "com.amazonaws.us-west-2.s3" }],
    vpcEndpointStrategy: "Auto",
  }),
  [
    {
      title: "refuses the component's own default, under which the endpoint has none",
      at: ["props", "vpcEndpointStrategy"],
      value: undefined,
      expected: [`vpcEndpointSpecs[0].routeTableIds: found nothing; ${must}`],
    },
    {
      title: "refuses another strategy",
      at: ["props", "vpcEndpointStrategy"],
      value: "Legacy",
      expected: [`vpcEndpointSpecs[0].routeTableIds: found nothing; ${must}`],
    },
    {
      title: "accepts tables in the spec",
      at: ["props"],
      value: { vpcEndpointSpecs: [{ serviceName: "s3", routeTableIds: ["rtb-1"] }] },
      expected: [],
    },
    {
      title: "waits for a strategy that is not known",
      at: ["props", "vpcEndpointStrategy"],
      value: unknownValue,
      expected: [],
    },
    {
      title: "waits for specs that are not known",
      at: ["props"],
      value: { vpcEndpointSpecs: unknownValue },
      expected: [],
    },
    { title: "accepts a VPC without endpoints", at: ["props"], value: {}, expected: [] },
  ],
);
