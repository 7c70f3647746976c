import { prodOnly, type Rule } from "../rule.ts";
import { settingMustBe } from "../settings.ts";
import { shown } from "../values.ts";

export const prodNetworkSurvivesAZone: Rule = {
  name: "prod-network-survives-a-zone",
  reason: "With a single NAT gateway the failure of its zone stops all egress.",
  fix: "set idp:network.natGateways to OnePerAz in Pulumi.prod.yaml",
  severity: "high",
  link: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html",
  levels: prodOnly,
  unknown: "wait",
  stack: (resources) => {
    const ofType = (wanted: string) => resources.filter(({ type }) => type === wanted);
    const zones = new Set(
      ofType("aws:ec2/subnet:Subnet").map(({ props }) => props["availabilityZone"]),
    );
    const gateways = ofType("aws:ec2/natGateway:NatGateway").length;
    return gateways >= zones.size
      ? []
      : [
          {
            path: "",
            found: shown(gateways),
            allowed: `must be a NAT gateway in each of ${zones.size} zones`,
          },
        ];
  },
  settings: settingMustBe("network", "natGateways", "OnePerAz", "in prod"),
};
