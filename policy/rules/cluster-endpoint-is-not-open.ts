import { type Rule } from "../rule.ts";
import { isOpenToTheWorld, ofCluster } from "../eks.ts";
import { isAbsent, listOf, violation } from "../values.ts";

const allowed = "must name the networks that may reach the API, none wider than /8";

export const clusterEndpointIsNotOpen: Rule = {
  name: "cluster-endpoint-is-not-open",
  reason: "The Kubernetes API is the way to everything in the cluster.",
  fix: "name the networks in idp:cluster.publicAccessCidrs, or none: then it answers inside the VPC only",
  severity: "high",
  link: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
  levels: { dev: "disabled", staging: "mandatory", prod: "mandatory" },
  unknown: "wait",
  resource: (resource) => {
    const access = ofCluster(resource, "publicAccess");
    const cidrs = ofCluster(resource, "publicCidrs");
    // AWS opens an endpoint to everybody unless it is told otherwise.
    if (!access || !cidrs || access.value === false) return [];
    const isDefault = isAbsent(cidrs.value) || listOf(cidrs.value).length === 0;
    return isDefault || isOpenToTheWorld(cidrs.value)
      ? [violation(cidrs.path, cidrs.value, allowed)]
      : [];
  },
  settings: (settings) => {
    const { publicAccessCidrs } = settings.cluster;
    return isOpenToTheWorld(publicAccessCidrs)
      ? [violation(["cluster", "publicAccessCidrs"], publicAccessCidrs, allowed)]
      : [];
  },
};
