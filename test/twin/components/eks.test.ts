import { expect } from "chai";
import type { ClusterArgs } from "@pulumi/eks/cluster.js";
import { checkArguments } from "../../../twin/components/eks/arguments.ts";
import { kubeconfig } from "../../../twin/components/eks/kubeconfig.ts";

describe("eks double: arguments", () => {
  const good: ClusterArgs = {
    authenticationMode: "API",
    autoMode: { enabled: true },
    vpcId: "vpc-1",
    privateSubnetIds: ["subnet-1"],
  };

  it("takes an Auto Mode cluster with access entries", () => {
    checkArguments({ ...good, accessEntries: {}, skipDefaultNodeGroup: true });
  });

  const refusals: readonly (readonly [string, ClusterArgs, RegExp])[] = [
    [
      "Auto Mode without authentication mode",
      { ...good, authenticationMode: undefined },
      /Access entries are required/,
    ],
    [
      "Auto Mode with CONFIG_MAP",
      { ...good, authenticationMode: "CONFIG_MAP" },
      /Access entries are required/,
    ],
    ["two ways to name subnets", { ...good, subnetIds: ["subnet-2"] }, /mutually exclusive/],
    [
      "public ranges without public access, be they none",
      { ...good, endpointPublicAccess: false, publicAccessCidrs: [] },
      /`publicAccessCidrs` can only be set when `endpointPublicAccess` is true/,
    ],
    ["the default VPC", { ...good, vpcId: undefined }, /does not play a cluster without vpcId/],
    [
      "node groups",
      { ...good, nodeGroupOptions: {}, gpu: true },
      /does not play gpu, nodeGroupOptions/,
    ],
    [
      "role mappings",
      { ...good, roleMappings: [{ roleArn: "a", username: "b", groups: [] }] },
      /does not support non-empty values/,
    ],
    ["a cluster without Auto Mode", { ...good, autoMode: undefined }, /plays EKS Auto Mode/],
  ];
  for (const [what, args, message] of refusals) {
    it(`refuses ${what}`, () => {
      expect(() => {
        checkArguments(args);
      }).to.throw(message);
    });
  }
});

describe("eks double: kubeconfig", () => {
  const request = {
    clusterName: "idp",
    endpoint: "https://127.0.0.1:1",
    region: "us-west-2",
    certificateAuthority: "Q0E=",
  };

  it("asks the AWS CLI for a token, and holds none", () => {
    expect(kubeconfig(request).users[0]?.user.exec).to.deep.equal({
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "aws",
      args: "--region us-west-2 eks get-token --cluster-name idp --output json".split(" "),
      env: [
        {
          name: "KUBERNETES_EXEC_INFO",
          value: '{"apiVersion": "client.authentication.k8s.io/v1beta1"}',
        },
      ],
    });
  });

  it("adds role and profile when they are given", () => {
    const args = kubeconfig({ ...request, roleArn: "arn:r", profileName: "p" }).users[0]?.user.exec
      .args;
    expect(args?.slice(-4)).to.deep.equal(["--role", "arn:r", "--profile", "p"]);
  });
});
