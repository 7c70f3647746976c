import { prodNetworkSurvivesAZone } from "../../policy/rules/prod-network-survives-a-zone.ts";
import { describeRule, resource } from "./support.ts";

const allowed = 'must be "OnePerAz" in prod';

describeRule(
  prodNetworkSurvivesAZone,
  "resource",
  resource("awsx:ec2:Vpc", { natGateways: { strategy: "OnePerAz" } }),
  [
    {
      title: "refuses a single gateway",
      at: ["props", "natGateways", "strategy"],
      value: "Single",
      expected: [`natGateways.strategy: found "Single"; ${allowed}`],
    },
    {
      title: "refuses none",
      at: ["props", "natGateways"],
      value: undefined,
      expected: [`natGateways.strategy: found nothing; ${allowed}`],
    },
    {
      title: "has no word on other types",
      at: [],
      value: resource("aws:ec2/vpc:Vpc", {}),
      expected: [],
    },
  ],
);

describeRule(prodNetworkSurvivesAZone, "settings", { network: { natGateways: "OnePerAz" } }, [
  {
    title: "refuses a single gateway",
    at: ["network", "natGateways"],
    value: "Single",
    expected: [`network.natGateways: found "Single"; ${allowed}`],
  },
]);
