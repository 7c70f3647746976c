import { expect } from "chai";
import { Runner } from "../../components/runner.ts";
import { inputsOf, names, record } from "../support/record.ts";

const connectionArn = "arn:aws:codeconnections:us-west-2:123456789012:connection/0b1c2d3e";
const make = () =>
  new Runner("idp-runner", {
    projectName: "idp-prod-runner",
    accountId: "123456789012",
    region: "us-west-2",
    repository: "acme/idp",
    connectionArn,
    vpcId: "vpc-1",
    privateSubnetIds: ["subnet-a", "subnet-b"],
    clusterSecurityGroupId: "sg-1",
    logRetentionDays: 365,
  });
const https = { ipProtocol: "tcp", fromPort: 443, toPort: 443 };

describe("Runner", () => {
  for (const preview of [false, true]) {
    it(`is a project, its webhook, and what they need${preview ? ", in a preview, too" : ""}`, async () => {
      expect(names(await record(make, { preview }))).to.deep.equal([
        "aws:cloudwatch/logGroup:LogGroup idp-runner",
        "aws:codebuild/project:Project idp-runner",
        "aws:codebuild/webhook:Webhook idp-runner",
        "aws:ec2/securityGroup:SecurityGroup idp-runner",
        "aws:iam/role:Role idp-runner",
        "aws:iam/rolePolicy:RolePolicy idp-runner",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule idp-runner",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule idp-runner-cluster",
        "idp:platform:Runner idp-runner",
      ]);
    });
  }

  it("starts in the private subnets, for the repository's queued jobs alone", async () => {
    const made = await record(make);
    const project = inputsOf(made, "aws:codebuild/project:Project", "idp-runner");
    expect(project["vpcConfig"]).to.deep.equal({
      vpcId: "vpc-1",
      subnets: ["subnet-a", "subnet-b"],
      securityGroupIds: ["idp-runner-id"],
    });
    expect(project["source"]).to.deep.equal({
      type: "GITHUB",
      location: "https://github.com/acme/idp.git",
      auth: { type: "CODECONNECTIONS", resource: connectionArn },
    });
    expect(project["environment"]).not.to.have.property("privilegedMode");
    const webhook = inputsOf(made, "aws:codebuild/webhook:Webhook", "idp-runner");
    expect(webhook["filterGroups"]).to.deep.equal([
      { filters: [{ type: "EVENT", pattern: "WORKFLOW_JOB_QUEUED" }] },
    ]);
  });

  it("lets nothing in, goes out by HTTPS, and reaches the cluster at 443", async () => {
    const made = await record(make);
    const rule = (type: string, name: string) => {
      const { description, ...rest } = inputsOf(made, type, name);
      expect(description).to.be.a("string");
      return rest;
    };
    expect(
      rule("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "idp-runner"),
    ).to.deep.equal({ securityGroupId: "idp-runner-id", cidrIpv4: "0.0.0.0/0", ...https });
    expect(
      rule("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "idp-runner-cluster"),
    ).to.deep.equal({
      securityGroupId: "sg-1",
      referencedSecurityGroupId: "idp-runner-id",
      ...https,
    });
  });

  it("is named in GitHub's variable by a label with places for the run", async () => {
    let label = "";
    await record(() => {
      ({ label } = make());
    });
    expect(label).to.equal("codebuild-idp-prod-runner-{0}-{1}");
  });
});
