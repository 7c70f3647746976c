import { prodOnly, type Rule } from "../rule.ts";
import { at, violation } from "../values.ts";

const allowed = 'must be "OnePerAz" in prod';

export const prodNetworkSurvivesAZone: Rule = {
  name: "prod-network-survives-a-zone",
  reason: "With a single NAT gateway the failure of its zone stops all egress.",
  mend: "set idp:network.natGateways to OnePerAz in Pulumi.prod.yaml",
  severity: "high",
  link: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
  levels: prodOnly,
  unknown: "wait",
  resource: ({ type, props }) => {
    const strategy = at(props, "natGateways", "strategy");
    return type === "awsx:ec2:Vpc" && strategy !== "OnePerAz"
      ? [violation(["natGateways", "strategy"], strategy, allowed)]
      : [];
  },
  settings: (settings) => {
    const strategy = at(settings, "network", "natGateways");
    return strategy === "OnePerAz"
      ? []
      : [violation(["network", "natGateways"], strategy, allowed)];
  },
};
