import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { z } from "zod";
import {
  boundary,
  iamScope,
  previewAccess,
  provisionAccess,
} from "../../components/iam-documents.ts";
import { accountId, decide, foreignRole, ownRole, scope, type Request } from "./evaluator.ts";

const Calls = z.object({ phases: z.record(z.string(), z.array(z.string())) });
const { phases } = Calls.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, "../fixtures/iam/calls.json"), "utf8")),
);

/** What the recorded operations need besides: handing a role over, tags at creation, grants on keys, linked roles. */
const besides: readonly Request[] = [
  ...["ec2.amazonaws.com", "eks.amazonaws.com", "pods.eks.amazonaws.com"].map(passTo),
  passTo("vpc-flow-logs.amazonaws.com"),
  { action: "iam:RemoveRoleFromInstanceProfile" },
  { action: "iam:ListInstanceProfilesForRole" },
  { action: "iam:PutRolePermissionsBoundary" },
  { action: "iam:UntagRole" },
  { action: "kms:CreateGrant" },
  { action: "kms:PutKeyPolicy" },
  { action: "ec2:DeleteTags" },
  { action: "ecr:UntagResource" },
  { action: "eks:UntagResource" },
  ...["eks", "elasticloadbalancing"].map((service) => linkedRole(`${service}.amazonaws.com`)),
];

function passTo(service: string): Request {
  return {
    action: "iam:PassRole",
    resource: ownRole,
    context: { "iam:PassedToService": service },
  };
}

function linkedRole(service: string): Request {
  const resource = `arn:aws:iam::123456789012:role/aws-service-role/${service}/AWSServiceRoleForExample`;
  return {
    action: "iam:CreateServiceLinkedRole",
    resource,
    context: { "iam:AWSServiceName": service },
  };
}

/** The actions among these that a role with this policy, and the boundary, may not do. */
async function refused(document: object, requests: readonly Request[]): Promise<string[]> {
  const refusals: string[] = [];
  for (const request of requests) {
    const isAllowed = await decide({ identity: [document] }, request);
    if (!isAllowed) refusals.push(request.action);
  }
  return refusals;
}

const operations = (phase: string) => (phases[phase] ?? []).map((action) => ({ action }));

/** An administrator's: the boundary and GitHub's provider. docs/operations.md says who makes and changes them. */
const administrators = {
  create: ["iam:CreateOpenIDConnectProvider", "iam:CreatePolicy"],
  refresh: [],
  update: [
    "iam:CreatePolicyVersion",
    "iam:TagOpenIDConnectProvider",
    "iam:TagPolicy",
    "iam:UpdateOpenIDConnectProviderThumbprint",
  ],
  destroy: ["iam:DeleteOpenIDConnectProvider", "iam:DeletePolicy"],
};

describe("the provision role, by an IAM evaluator", () => {
  for (const [phase, expected] of Object.entries(administrators)) {
    it(`may make every recorded call of ${phase}, but for the administrator's`, async () => {
      expect(operations(phase)).not.to.deep.equal([]);
      expect(await refused(provisionAccess(scope), operations(phase))).to.deep.equal(expected);
    });
  }

  it("may do what those calls need besides", async () => {
    expect(await refused(provisionAccess(scope), besides)).to.deep.equal([]);
  });

  it("is asked about actions that AWS knows", async () => {
    const misspelt = decide({ identity: [] }, { action: "ec2:CreateVpcs" });
    expect(await misspelt.catch(() => "refused by the evaluator")).to.equal(
      "refused by the evaluator",
    );
  });

  it("hands over no role of others, and none to another service", async () => {
    const foreign = { ...passTo("ec2.amazonaws.com"), resource: foreignRole };
    expect(await refused(provisionAccess(scope), [foreign])).to.deep.equal(["iam:PassRole"]);
    for (const service of ["lambda", "codebuild", "ecs-tasks", "glue"]) {
      expect(
        await refused(provisionAccess(scope), [passTo(`${service}.amazonaws.com`)]),
      ).to.deep.equal(["iam:PassRole"]);
    }
  });

  it("gives no other service a linked role", async () => {
    const others = ["organizations.amazonaws.com", "config.amazonaws.com"].map(linkedRole);
    expect(await refused(provisionAccess(scope), others)).to.have.length(2);
  });
});

describe("preview and audit, by an IAM evaluator", () => {
  it("may make every recorded call of a refresh", async () => {
    expect(await refused(previewAccess(scope), operations("refresh"))).to.deep.equal([]);
  });

  it("see no user data, no value of a secret, no log line, no image", async () => {
    const data = [
      "ec2:DescribeInstanceAttribute",
      "ec2:DescribeLaunchTemplateVersions",
      "ec2:DescribeSpotInstanceRequests",
      "ec2:GetLaunchTemplateData",
      "ec2:GetConsoleOutput",
      "ec2:GetPasswordData",
      "ecr:BatchGetImage",
      "ecr:GetAuthorizationToken",
      "kms:Decrypt",
      "logs:GetLogEvents",
      "logs:FilterLogEvents",
      "s3:GetObject",
      "secretsmanager:GetSecretValue",
      "ssm:GetParameter",
      "sts:AssumeRole",
    ].map((action) => ({ action }));
    expect(await refused(previewAccess(scope), data)).to.deep.equal(
      data.map(({ action }) => action),
    );
  });

  it("write nothing", async () => {
    const writes = [...operations("create"), ...operations("update"), ...operations("destroy")]
      .map(({ action }) => action)
      .filter((action) => !/:(Describe|Get|List)/.test(action));
    const unique = [...new Set(writes)];
    const requests = unique.map((action) => ({ action }));
    expect(await refused(previewAccess(scope), requests)).to.deep.equal(unique);
  });

  it("read the stack where S3 keeps it, and cannot write it", async () => {
    const keyArn = `arn:aws:kms:us-west-2:${accountId}:key/1234`;
    const kept = iamScope("aws", accountId, { bucket: "acme-state", keyArn });
    const rights = { identity: [previewAccess(kept)], boundary: boundary(kept) };
    const bucket = "arn:aws:s3:::acme-state";
    const stack = `${bucket}/.pulumi/stacks/idp/dev.json`;
    const may = async (requests: readonly Request[]) => {
      const answers = await Promise.all(requests.map((request) => decide(rights, request)));
      return requests.filter((_, index) => answers[index]).map(({ action }) => action);
    };
    expect(
      await may([
        { action: "s3:ListBucket", resource: bucket },
        { action: "s3:GetObject", resource: stack },
        { action: "kms:Decrypt", resource: keyArn },
      ]),
    ).to.deep.equal(["s3:ListBucket", "s3:GetObject", "kms:Decrypt"]);
    const writes = [
      "PutObject",
      "DeleteObject",
      "DeleteObjectVersion",
      "PutObjectAcl",
      "RestoreObject",
    ];
    const onBucket = [
      "PutBucketPolicy",
      "DeleteBucket",
      "PutBucketVersioning",
      "PutLifecycleConfiguration",
    ];
    const onKey = [
      "Encrypt",
      "GenerateDataKey",
      "ReEncryptTo",
      "CreateGrant",
      "PutKeyPolicy",
      "ScheduleKeyDeletion",
    ];
    expect(
      await may([
        ...writes.map((name) => ({ action: `s3:${name}`, resource: stack })),
        ...onBucket.map((name) => ({ action: `s3:${name}`, resource: bucket })),
        ...onKey.map((name) => ({ action: `kms:${name}`, resource: keyArn })),
        { action: "s3:GetObject", resource: "arn:aws:s3:::acme-state-of-prod/.pulumi/x" },
        { action: "kms:Decrypt", resource: keyArn.replace("1234", "5678") },
      ]),
    ).to.deep.equal([]);
  });
});
