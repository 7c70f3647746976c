import { everywhere, type Resource, type Rule, type Violation } from "../rule.ts";
import { at, isAbsent, isMap, listOf, unknownValue, violation, type Step } from "../values.ts";

export const gatewayEndpointsHaveRoutes: Rule = {
  name: "gateway-endpoints-have-routes",
  reason:
    "A gateway endpoint that no route table names carries nothing: what it was made for goes through the NAT gateway.",
  fix: 'give the endpoint routeTableIds, or the awsx.ec2.Vpc that makes it vpcEndpointStrategy "Auto"',
  severity: "medium",
  link: "https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }) => {
    if (type === "aws:ec2/vpcEndpoint:VpcEndpoint") return withoutRoutes(props, []);
    return type === "awsx:ec2:Vpc" ? ofComponent(props) : [];
  },
};

/** The specs of the component's endpoints; it gives them its own route tables when it is told to. */
function ofComponent(props: Resource["props"]): Violation[] {
  const strategy = props["vpcEndpointStrategy"];
  if (strategy === "Auto" || strategy === unknownValue) return [];
  return listOf(props["vpcEndpointSpecs"]).flatMap((spec, index) =>
    withoutRoutes(spec, ["vpcEndpointSpecs", index]),
  );
}

function withoutRoutes(endpoint: unknown, path: readonly Step[]): Violation[] {
  const kind = at(endpoint, "vpcEndpointType");
  // AWS takes an endpoint without a type for a gateway's.
  if (!isMap(endpoint) || !(isAbsent(kind) || kind === "Gateway")) return [];
  const tables = at(endpoint, "routeTableIds");
  return isAbsent(tables) || listOf(tables).length === 0
    ? [violation([...path, "routeTableIds"], tables, "must name the route tables that lead to it")]
    : [];
}
