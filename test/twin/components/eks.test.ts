import { expect } from "chai";
import type { ClusterArgs } from "@pulumi/eks/cluster.js";
import { checkArguments } from "../../../twin/components/eks/arguments.ts";
import { clusterArguments } from "../../fixtures/doubles/arguments.ts";
import { kubeconfig } from "../../../twin/components/eks/kubeconfig.ts";

describe("eks double: arguments", () => {
  const good: ClusterArgs = { ...clusterArguments, vpcId: "vpc-1", privateSubnetIds: ["subnet-1"] };

  it("accepts an Auto Mode cluster with access entries", () => {
    checkArguments({ ...good, providerCredentialOpts: {}, upgradePolicy: {} });
  });

  const refusals: readonly (readonly [string, ClusterArgs, string])[] = [
    [
      "Auto Mode without an authentication mode",
      { ...good, authenticationMode: undefined },
      "Access entries are required",
    ],
    [
      "Auto Mode with CONFIG_MAP",
      { ...good, authenticationMode: "CONFIG_MAP" },
      "Access entries are required",
    ],
    [
      "public ranges, even an empty list, without public access",
      { ...good, endpointPublicAccess: false, publicAccessCidrs: [] },
      "`publicAccessCidrs` can only be set when `endpointPublicAccess` is true",
    ],
    [
      "a config map besides access entries",
      { ...good, authenticationMode: "API_AND_CONFIG_MAP" },
      "does not play authenticationMode API_AND_CONFIG_MAP",
    ],
    ["a cluster without Auto Mode", { ...good, autoMode: undefined }, "without Auto Mode"],
    ["the default VPC", { ...good, vpcId: undefined }, "does not play the default VPC"],
    ["instance roles", { ...good, skipDefaultNodeGroup: undefined }, "a default node group"],
    ["coredns", { ...good, corednsAddonOptions: undefined }, "the coredns add-on"],
    [
      "a cluster without a node role",
      { ...good, autoMode: { enabled: true, createNodeRole: false } },
      "autoMode.createNodeRole: false",
    ],
    [
      "a node role of one's own",
      { ...good, autoMode: { enabled: true, computeConfig: { nodeRoleArn: "arn:a" } } },
      "autoMode.computeConfig.nodeRoleArn",
    ],
    [
      "arguments that it would ignore",
      { ...good, gpu: true, createOidcProvider: true, roleMappings: [], subnetIds: ["subnet-2"] },
      "does not play gpu, createOidcProvider, roleMappings, subnetIds. It plays",
    ],
    [
      "credential options",
      { ...good, providerCredentialOpts: { profileName: "p" } },
      "providerCredentialOpts.profileName",
    ],
    [
      "names in access entries",
      { ...good, accessEntries: { a: { principalArn: "arn:a", username: "b" } } },
      "accessEntries.username",
    ],
  ];
  for (const [what, args, message] of refusals) {
    it(`refuses ${what}`, () => {
      expect(() => {
        checkArguments(args);
      }).to.throw(message);
    });
  }

  it("says what it plays and where to add more", () => {
    expect(() => {
      checkArguments({ ...good, proxy: "http://proxy" });
    }).to.throw(
      "The eks double does not play proxy. It plays a cluster in a given VPC with autoMode {enabled: true}, " +
        'authenticationMode "API", skipDefaultNodeGroup: true and corednsAddonOptions {enabled: false}. ' +
        "Fix: leave it out, or add it to twin/components/eks/",
    );
  });
});

describe("eks double: kubeconfig", () => {
  const request = {
    clusterName: "idp",
    endpoint: "https://127.0.0.1:1",
    region: "us-west-2",
    certificateAuthority: "Q0E=",
  };

  it("gets a token from the AWS CLI, and contains none", () => {
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

  it("adds the profile if one is given", () => {
    const args = kubeconfig({ ...request, profileName: "p" }).users[0]?.user.exec.args;
    expect(args?.slice(-4)).to.deep.equal(["--output", "json", "--profile", "p"]);
  });
});
