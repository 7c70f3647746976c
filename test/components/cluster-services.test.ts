import { expect } from "chai";
import { ClusterServices } from "../../components/cluster-services.ts";
import { inputsOf, names, record } from "../support/record.ts";

const program = () =>
  new ClusterServices("idp-cluster", {
    clusterName: "idp-dev",
    metricsServerVersion: "v0.8.1-eksbuild.10",
  });

describe("ClusterServices", () => {
  for (const preview of [false, true]) {
    it(`switches on what the chart needs${preview ? " in a preview" : ""}`, async () => {
      expect(names(await record(program, { preview }))).to.deep.equal([
        "aws:eks/addon:Addon idp-cluster-metrics",
        "idp:platform:ClusterServices idp-cluster",
        "kubernetes:core/v1:ConfigMap idp-cluster-network-policy",
        "kubernetes:eks.amazonaws.com/v1:IngressClassParams idp-cluster-load-balancer",
        "kubernetes:networking.k8s.io/v1:IngressClass idp-cluster-load-balancer",
      ]);
    });
  }

  it("installs the version of metrics-server that is given", async () => {
    expect(
      inputsOf(await record(program), "aws:eks/addon:Addon", "idp-cluster-metrics"),
    ).to.include({
      addonName: "metrics-server",
      addonVersion: "v0.8.1-eksbuild.10",
    });
  });

  it("keeps every load balancer inside the VPC", async () => {
    const made = await record(program);
    expect(
      inputsOf(
        made,
        "kubernetes:eks.amazonaws.com/v1:IngressClassParams",
        "idp-cluster-load-balancer",
      )["spec"],
    ).to.deep.equal({ scheme: "internal" });
    expect(
      inputsOf(made, "kubernetes:networking.k8s.io/v1:IngressClass", "idp-cluster-load-balancer")[
        "spec"
      ],
    ).to.deep.equal({
      controller: "eks.amazonaws.com/alb",
      parameters: { apiGroup: "eks.amazonaws.com", kind: "IngressClassParams", name: "alb" },
    });
  });

  it("makes EKS enforce NetworkPolicies", async () => {
    const made = await record(program);
    expect(
      inputsOf(made, "kubernetes:core/v1:ConfigMap", "idp-cluster-network-policy"),
    ).to.deep.include({
      metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
      data: { "enable-network-policy-controller": "true" },
    });
  });
});
