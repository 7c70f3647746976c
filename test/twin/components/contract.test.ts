import { expect } from "chai";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VpcArgs } from "@pulumi/awsx/ec2/vpc.js";
import { Cluster } from "../../../components/cluster.ts";
import { ClusterLogs } from "../../../components/cluster-logs.ts";
import { Network } from "../../../components/network.ts";
import { constructVpc } from "../../../twin/components/awsx/vpc.ts";
import { constructCluster } from "../../../twin/components/eks/cluster.ts";
import { clusterArguments, vpcArguments } from "../../fixtures/doubles/arguments.ts";
import { contract, reference, type Children } from "../../support/contract.ts";
import { inputsOf, record, type Registered } from "../../support/record.ts";

const invokes = {
  "aws:index/getAvailabilityZones:getAvailabilityZones": {
    names: ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"],
  },
  "aws:index/getPartition:getPartition": { partition: "aws" },
};

const role = "aws:iam/role:Role";
const eksCluster = "aws:eks/cluster:Cluster";

/** Returns the outputs that a component reads from its children: references, as the contract writes them. */
function outputs(type: string, name: string): Record<string, unknown> {
  const of = (output: string): string => reference(`${type} ${name}`, output);
  if (type === "aws:ec2/eip:Eip") return { id: of("id"), allocationId: of("allocationId") };
  if (type === role) return { id: of("id"), arn: of("arn") };
  if (type !== eksCluster) return { id: of("id") };
  return {
    id: of("id"),
    arn: "arn:aws:eks:us-west-2:935743309409:cluster/idp-test",
    endpoint: of("endpoint"),
    certificateAuthority: { data: of("certificateAuthority.data") },
    identities: [{ oidcs: [{ issuer: "https://issuer.example" }] }],
    vpcConfig: { clusterSecurityGroupId: "sg-1" },
  };
}

/** Returns the children with only the type of each parent, because the mocks keep no more. */
function asMocksSee(children: Children): unknown[] {
  return Object.entries(children).map(([child, { parent, inputs }]) => ({
    child,
    parent: parent.split(" ")[0],
    inputs,
  }));
}

/** Returns what a program registered below its component, in the contract's order. */
function registered(made: readonly Registered[], children: Children): unknown[] {
  const order = Object.keys(children);
  return made
    .filter(({ type }) => type !== "awsx:ec2:Vpc" && type !== "eks:index:Cluster")
    .map(({ type, name, urn, inputs }) => ({
      child: `${type} ${name}`,
      parent: urn.split("::").at(-2)?.split("$").at(-2),
      inputs,
    }))
    .sort((a, b) => order.indexOf(a.child) - order.indexOf(b.child));
}

describe("component doubles: the measured contract", () => {
  let bin: string;
  const path = process.env["PATH"];

  before(() => {
    bin = mkdtempSync(join(tmpdir(), "aws-on-path-"));
    writeFileSync(join(bin, "aws"), "#!/bin/sh\necho aws-cli/2.31.0\n");
    chmodSync(join(bin, "aws"), 0o755);
    process.env["PATH"] = `${bin}:${path ?? ""}`;
  });
  after(() => {
    process.env["PATH"] = path;
    rmSync(bin, { recursive: true });
  });

  const network = contract.network.children;
  const cases: readonly (readonly [string, VpcArgs, Children])[] = [
    ["one NAT gateway", vpcArguments, network],
    [
      "a NAT gateway in each zone",
      { ...vpcArguments, natGateways: { strategy: "OnePerAz" } },
      { ...network, ...contract.network.onePerAz },
    ],
  ];
  for (const [what, args, children] of cases) {
    it(`holds for a VPC with ${what}`, async () => {
      const made = await record(() => constructVpc("idp-network", args, {}), { invokes, outputs });
      expect(registered(made, children)).to.deep.equal(asMocksSee(children));
    });
  }

  it("warns of a gateway endpoint without route tables, as the strategy Legacy leaves it", async () => {
    const warnings: string[] = [];
    const warn = (text: string) => {
      warnings.push(text);
    };
    await record(() => constructVpc("idp-network", vpcArguments, {}, warn), { invokes, outputs });
    expect(warnings).to.deep.equal([]);
    const legacy: VpcArgs = { ...vpcArguments, vpcEndpointStrategy: "Legacy" };
    const made = await record(() => constructVpc("idp-network", legacy, {}, warn), {
      invokes,
      outputs,
    });
    expect(warnings).to.deep.equal([
      'VPC endpoint "com.amazonaws.us-west-2.s3" is a Gateway endpoint without routeTableIds. Specify vpcEndpointStrategy: "Auto" to use generated VPC route tables.',
    ]);
    const endpoint = inputsOf(
      made,
      "aws:ec2/vpcEndpoint:VpcEndpoint",
      "com.amazonaws.us-west-2.s3",
    );
    expect(endpoint).not.to.have.property("routeTableIds");
  });

  it("holds for a cluster", async () => {
    const made = await record(
      () => {
        constructCluster("idp-cluster", { ...clusterArguments, ...referredTo() }, {}, {});
      },
      { invokes, outputs },
    );
    const { children } = contract.cluster;
    expect(registered(made, children)).to.deep.equal(asMocksSee(children));
  });

  function referredTo() {
    const subnets = (kind: string): string[] =>
      [1, 2, 3].map((zone) => reference(`aws:ec2/subnet:Subnet idp-network-${kind}-${zone}`, "id"));
    return {
      vpcId: reference("aws:ec2/vpc:Vpc idp-network", "id"),
      privateSubnetIds: subnets("private"),
      encryptionConfigKeyArn: reference("aws:kms/key:Key idp-cluster-secrets", "arn"),
    };
  }

  describe("eks double: the shell's AWS profile", () => {
    for (const [what, more, expected] of [
      ["reaches the inner provider's kubeconfig", { providerCredentialOpts: undefined }, true],
      ["does not if the program sets credentials", { providerCredentialOpts: {} }, false],
    ] as const) {
      it(what, async () => {
        const args = { ...clusterArguments, ...referredTo(), ...more };
        const made = await record(
          () => {
            constructCluster("idp-cluster", args, {}, { AWS_PROFILE: "somebody" });
          },
          { invokes, outputs },
        );
        const provider = inputsOf(made, "pulumi:providers:kubernetes", "idp-cluster-eks-k8s");
        expect(String(provider["kubeconfig"]).includes('"--profile","somebody"')).to.equal(
          expected,
        );
      });
    }
  });

  it("was measured with the arguments that the platform passes", async () => {
    const made = await record(() => {
      const { vpcId, privateSubnetIds } = new Network("idp-network", {
        accountId: "935743309409",
        region: "us-west-2",
        cidr: "10.20.0.0/16",
        zones: ["us-west-2a", "us-west-2b", "us-west-2c"],
        natGateways: "Single",
        flowLogRetentionDays: 14,
      });
      new Cluster("idp-cluster", {
        clusterName: "idp-test",
        version: "1.36",
        region: "us-west-2",
        vpcId,
        privateSubnetIds,
        publicAccessCidrs: ["203.0.113.0/24"],
        deletionProtection: false,
        logs: new ClusterLogs("idp-cluster", { clusterName: "idp-test", retentionDays: 14 }),
        access: [
          {
            name: "operators",
            principalArn: "arn:aws:iam::935743309409:role/Operators",
            level: "cluster-admin",
          },
        ],
      });
    });
    expect(inputsOf(made, "awsx:ec2:Vpc", "idp-network")).to.deep.equal(vpcArguments);
    const passed = inputsOf(made, "eks:index:Cluster", "idp-cluster");
    expect(Object.keys(passed).sort()).to.deep.equal(
      Object.keys({ ...clusterArguments, ...referredTo() }).sort(),
    );
    const { autoMode, corednsAddonOptions, ...plain } = clusterArguments;
    expect(passed).to.deep.include(plain);
    // The SDK of eks adds defaults to these two.
    expect(passed["autoMode"]).to.deep.equal({ ...autoMode, createNodeRole: true });
    expect(passed["corednsAddonOptions"]).to.deep.include(corednsAddonOptions ?? {});
  });
});
