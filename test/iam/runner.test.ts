import { expect } from "chai";
import {
  boundary,
  iamScope,
  previewAccess,
  provisionAccess,
  runnerAccess,
} from "../../components/iam-documents.ts";
import { accountId, decide, ownRole, scope, type Request } from "./evaluator.ts";

const connectionArn = `arn:aws:codeconnections:us-west-2:${accountId}:connection/0b1c2d3e`;
const withRunner = iamScope("aws", accountId, undefined, {
  projectName: "idp-prod-runner",
  connectionArn,
});
const logGroupArn = `arn:aws:logs:us-west-2:${accountId}:log-group:idp-example`;
const subnet = `arn:aws:ec2:us-west-2:${accountId}:subnet/subnet-a`;
const container = runnerAccess({
  logGroupArn,
  subnetArns: [subnet],
  interfaceArns: `arn:aws:ec2:us-west-2:${accountId}:network-interface/*`,
  connectionArn,
});
const project = `arn:aws:codebuild:us-west-2:${accountId}:project/idp-prod-runner`;
const otherProject = `arn:aws:codebuild:us-west-2:${accountId}:project/other`;
const otherConnection = `arn:aws:codeconnections:us-west-2:${accountId}:connection/ffffffff`;

const manage: readonly Request[] = [
  ...["CreateProject", "UpdateProject", "DeleteProject", "BatchGetProjects"].map((name) => ({
    action: `codebuild:${name}`,
    resource: project,
  })),
  ...["CreateWebhook", "UpdateWebhook", "DeleteWebhook"].map((name) => ({
    action: `codebuild:${name}`,
    resource: project,
  })),
  ...["GetConnection", "GetConnectionToken", "PassConnection", "UseConnection"].map((name) => ({
    action: `codeconnections:${name}`,
    resource: connectionArn,
  })),
  {
    action: "iam:PassRole",
    resource: ownRole,
    context: { "iam:PassedToService": "codebuild.amazonaws.com" },
  },
];
const networkPermission = (context: Request["context"]): Request => ({
  action: "ec2:CreateNetworkInterfacePermission",
  resource: `arn:aws:ec2:us-west-2:${accountId}:network-interface/eni-1`,
  ...(context && { context }),
});

/** The actions that a role with this policy under the boundary may do. */
async function allowed(policy: object, bounds: object, requests: readonly Request[]) {
  const found: string[] = [];
  for (const request of requests) {
    if (await decide({ identity: [policy], boundary: bounds }, request)) found.push(request.action);
  }
  return found;
}

describe("the runner in the VPC, by an IAM evaluator", () => {
  const bounds = boundary(withRunner);

  it("is made, changed and deleted by the provision role, where there is one", async () => {
    expect(await allowed(provisionAccess(withRunner), bounds, manage)).to.deep.equal(
      manage.map(({ action }) => action),
    );
    expect(await allowed(provisionAccess(scope), boundary(scope), manage)).to.deep.equal([]);
  });

  it("is seen by previews, and changed by none", async () => {
    expect(await allowed(previewAccess(withRunner), bounds, manage)).to.deep.equal([
      "codebuild:BatchGetProjects",
    ]);
  });

  it("is started by hand by no role, and there is no other project and no other connection", async () => {
    const others = [
      ...["StartBuild", "StartBuildBatch", "StopBuild"].map((name) => ({
        action: `codebuild:${name}`,
        resource: project,
      })),
      { action: "codebuild:ImportSourceCredentials" },
      { action: "codebuild:UpdateProject", resource: otherProject },
      { action: "codeconnections:GetConnectionToken", resource: otherConnection },
    ];
    expect(await allowed(provisionAccess(withRunner), bounds, others)).to.deep.equal([]);
  });

  it("may do what its container needs", async () => {
    const inSubnet = { "ec2:AuthorizedService": "codebuild.amazonaws.com", "ec2:Subnet": subnet };
    const needs: readonly Request[] = [
      { action: "logs:CreateLogStream" },
      { action: "logs:PutLogEvents", resource: `${logGroupArn}:log-stream:1` },
      { action: "ec2:CreateNetworkInterface" },
      { action: "ec2:DeleteNetworkInterface" },
      { action: "ec2:DescribeDhcpOptions" },
      { action: "ec2:DescribeNetworkInterfaces" },
      { action: "ec2:DescribeSecurityGroups" },
      { action: "ec2:DescribeSubnets" },
      { action: "ec2:DescribeVpcs" },
      networkPermission(inSubnet),
      { action: "codeconnections:GetConnection", resource: connectionArn },
      { action: "codeconnections:GetConnectionToken", resource: connectionArn },
      { action: "ssmmessages:CreateControlChannel" },
      { action: "ssmmessages:CreateDataChannel" },
      { action: "ssmmessages:OpenControlChannel" },
      { action: "ssmmessages:OpenDataChannel" },
    ];
    expect(await allowed(container, bounds, needs)).to.deep.equal(
      needs.map(({ action }) => action),
    );
  });

  it("may do nothing else: a job takes its role by OIDC", async () => {
    const others: readonly Request[] = [
      networkPermission({ "ec2:AuthorizedService": "codebuild.amazonaws.com" }),
      networkPermission({ "ec2:AuthorizedService": "lambda.amazonaws.com", "ec2:Subnet": subnet }),
      { action: "eks:DescribeCluster" },
      { action: "ecr:GetAuthorizationToken" },
      { action: "iam:PassRole", resource: ownRole },
      { action: "sts:AssumeRole", resource: ownRole },
      { action: "codebuild:UpdateProject", resource: project },
      { action: "codeconnections:GetConnectionToken", resource: otherConnection },
      { action: "logs:GetLogEvents", resource: `${logGroupArn}:log-stream:1` },
      { action: "ssm:StartSession" },
    ];
    expect(await allowed(container, bounds, others)).to.deep.equal([]);
  });
});
