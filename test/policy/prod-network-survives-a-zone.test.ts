import { prodNetworkSurvivesAZone } from "../../policy/rules/prod-network-survives-a-zone.ts";
import { describeRule, resource, settings } from "./support.ts";

const allowed = 'must be "OnePerAz" in prod';

const subnets = ["a", "b", "b"].map((availabilityZone) =>
  resource("aws:ec2/subnet:Subnet", { availabilityZone }),
);
const gateway = resource("aws:ec2/natGateway:NatGateway", {});

describeRule(
  prodNetworkSurvivesAZone,
  "stack",
  [...subnets, gateway, gateway],
  [
    {
      title: "refuses a single gateway",
      at: [],
      value: [...subnets, gateway],
      expected: ["found 1; must be a NAT gateway in each of 2 zones"],
    },
    {
      title: "refuses none",
      at: [],
      value: subnets,
      expected: ["found 0; must be a NAT gateway in each of 2 zones"],
    },
    { title: "accepts a stack without a network", at: [], value: [], expected: [] },
  ],
);

describeRule(
  prodNetworkSurvivesAZone,
  "settings",
  settings({ network: { natGateways: "OnePerAz" } }),
  [
    {
      title: "refuses a single gateway",
      at: ["network", "natGateways"],
      value: "Single",
      expected: [`network.natGateways: found "Single"; ${allowed}`],
    },
  ],
);
