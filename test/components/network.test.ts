import { expect } from "chai";
import { Network, type NetworkArgs } from "../../components/network.ts";
import { inputsOf, names, record } from "../support/record.ts";

const args: NetworkArgs = {
  accountId: "123456789012",
  region: "us-west-2",
  cidr: "10.10.0.0/16",
  zones: ["us-west-2a", "us-west-2b", "us-west-2d"],
  natGateways: "Single",
  flowLogRetentionDays: 14,
};

const expected = [
  "aws:cloudwatch/logGroup:LogGroup idp-network-flow-logs",
  "aws:ec2/flowLog:FlowLog idp-network-flow-logs",
  "aws:iam/role:Role idp-network-flow-logs",
  "aws:iam/rolePolicy:RolePolicy idp-network-flow-logs",
  "awsx:ec2:Vpc idp-network",
  "idp:platform:Network idp-network",
];

describe("Network", () => {
  for (const preview of [false, true]) {
    it(`makes a VPC with flow logs${preview ? " in a preview" : ""}`, async () => {
      const made = await record(() => new Network("idp-network", args), { preview });
      expect(names(made)).to.deep.equal(expected);
      const children = made.filter(({ type }) => type !== "idp:platform:Network");
      for (const { urn } of children) expect(urn).to.include("idp:platform:Network$");
    });
  }

  it("asks for its zones, tagged subnets and an S3 endpoint", async () => {
    const made = await record(() => new Network("idp-network", args));
    expect(inputsOf(made, "awsx:ec2:Vpc", "idp-network")).to.deep.equal({
      cidrBlock: "10.10.0.0/16",
      availabilityZoneNames: ["us-west-2a", "us-west-2b", "us-west-2d"],
      natGateways: { strategy: "Single" },
      enableDnsHostnames: true,
      subnetStrategy: "Auto",
      subnetSpecs: [
        { type: "Private", cidrMask: 20, tags: { "kubernetes.io/role/internal-elb": "1" } },
        { type: "Public", cidrMask: 24, tags: { "kubernetes.io/role/elb": "1" } },
      ],
      vpcEndpointStrategy: "Auto",
      vpcEndpointSpecs: [{ serviceName: "com.amazonaws.us-west-2.s3" }],
    });
  });

  it("passes the NAT setting on", async () => {
    const made = await record(
      () => new Network("idp-network", { ...args, natGateways: "OnePerAz" }),
    );
    expect(inputsOf(made, "awsx:ec2:Vpc", "idp-network")["natGateways"]).to.deep.equal({
      strategy: "OnePerAz",
    });
  });

  it("keeps flow logs as long as asked, written by a role that can write only there", async () => {
    const made = await record(() => new Network("idp-network", args));
    const flows = "idp-network-flow-logs";
    expect(inputsOf(made, "aws:cloudwatch/logGroup:LogGroup", flows)["retentionInDays"]).to.equal(
      14,
    );
    expect(inputsOf(made, "aws:ec2/flowLog:FlowLog", flows)).to.include({
      vpcId: "vpc-1",
      trafficType: "ALL",
    });
    const group = `arn:aws:logs:us-west-2:123456789012:log-group:${flows}`;
    const policy = inputsOf(made, "aws:iam/rolePolicy:RolePolicy", flows)["policy"];
    expect(JSON.parse(String(policy))).to.deep.equal({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
          Resource: [group, `${group}:*`],
        },
      ],
    });
  });
});
