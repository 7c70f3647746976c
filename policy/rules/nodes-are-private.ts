import { manifestOf } from "../plan.ts";
import { everywhere, type Manifest, type Resource, type Rule, type Violation } from "../rule.ts";
import { at, isAbsent, listOf, textOf, violation } from "../values.ts";

const addresses = ["spec", "advancedNetworking", "associatePublicIPAddress"] as const;
const terms = ["spec", "subnetSelectorTerms"] as const;

export const nodesArePrivate: Rule = {
  name: "nodes-are-private",
  reason: "A node with a public address is open to the internet wherever its security group is.",
  fix: "give the cluster and its NodeClass private subnets by id, and the class associatePublicIPAddress: false, as components/nodes.ts does",
  severity: "high",
  link: "https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html",
  levels: everywhere,
  unknown: "wait",
  manifest: (manifest) =>
    isNodeClass(manifest) ? [...withAddress(manifest), ...unnamed(manifest)] : [],
  resource: ({ type, props }) => {
    const given = props["publicSubnetIds"];
    return type !== "eks:index:Cluster" || isAbsent(given)
      ? []
      : [violation(["publicSubnetIds"], given, "must not be there: nodes would start in them")];
  },
  stack: (resources) => {
    const open = publicSubnets(resources);
    return resources.flatMap((resource) =>
      subnetsOf(resource)
        .filter((id) => open.has(id))
        .map((id) => ({
          path: "subnets",
          found: `${resource.type} ${resource.name} in ${id}`,
          allowed: "must be private: this one has a route to an internet gateway",
        })),
    );
  },
};

function isNodeClass({ apiVersion, kind }: Manifest): boolean {
  return kind === "NodeClass" && textOf(apiVersion).startsWith("eks.amazonaws.com/");
}

function withAddress(manifest: Manifest): Violation[] {
  const found = at(manifest, ...addresses);
  return found === false ? [] : [violation(addresses, found, "must be false")];
}

/** A tag may be on a public subnet as well, or on one of another VPC. */
function unnamed(manifest: Manifest): Violation[] {
  const found = at(manifest, ...terms);
  const allowed = "must name private subnets by their ids";
  if (listOf(found).length === 0) return [violation(terms, found, allowed)];
  return listOf(found).flatMap((term, index) =>
    isAbsent(at(term, "id")) ? [violation([...terms, index], term, allowed)] : [],
  );
}

/** Ids of the subnets whose route table leads to an internet gateway: what AWS calls a public subnet. */
function publicSubnets(resources: readonly Resource[]): ReadonlySet<string> {
  const known = (type: string, value: string) =>
    resources
      .filter((resource) => resource.type === type)
      .map(({ props }) => [textOf(props["routeTableId"]), textOf(props[value])] as const)
      .filter((texts) => !texts.includes(""));
  const tables = known("aws:ec2/route:Route", "gatewayId")
    .filter(([, gateway]) => gateway.startsWith("igw-"))
    .map(([table]) => table);
  return new Set(
    known("aws:ec2/routeTableAssociation:RouteTableAssociation", "subnetId")
      .filter(([table]) => tables.includes(table))
      .map(([, subnet]) => subnet),
  );
}

/** Ids of the subnets in which a cluster or a NodeClass puts nodes, as far as they are known. */
function subnetsOf(resource: Resource): string[] {
  const manifest = manifestOf(resource);
  const ids =
    resource.type === "aws:eks/cluster:Cluster"
      ? listOf(at(resource.props, "vpcConfig", "subnetIds"))
      : manifest && isNodeClass(manifest)
        ? listOf(at(manifest, ...terms)).map((term) => at(term, "id"))
        : [];
  return ids.map(textOf);
}
