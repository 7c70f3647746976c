import { expect } from "chai";
import {
  boundary,
  ecrPublish,
  ecrRead,
  githubTrust,
  iamScope,
  podIdentityTrust,
  previewAccess,
  provisionAccess,
  serviceTrust,
} from "../../components/iam-documents.ts";

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}

const scope = iamScope("aws", "123456789012");
const repository = "arn:aws:ecr:us-west-2:123456789012:repository/idp/localtime";
const documents = {
  boundary: boundary(scope),
  ecrPublish: ecrPublish(repository),
  ecrRead: ecrRead([repository]),
  previewAccess: previewAccess(scope),
  provisionAccess: provisionAccess(scope),
};

const keyArn = "arn:aws:kms:us-west-2:123456789012:key/1234";
const inS3 = iamScope("aws", "123456789012", { bucket: "acme-state", keyArn });

function statements(document: object): Statement[] {
  const { Statement } = JSON.parse(JSON.stringify(document)) as { Statement: Statement[] };
  return Statement;
}

function actions(document: object): string[] {
  return statements(document).flatMap(({ Action }) => Action);
}

describe("IAM documents", () => {
  for (const [name, document] of Object.entries(documents)) {
    it(`${name} never allows every action`, () => {
      expect(
        actions(document).filter((action) => action === "*" || action === "iam:*"),
      ).to.deep.equal([]);
    });
  }

  it("preview reads descriptions but no data", () => {
    const reads = /^\w+:(Describe|Get|List)/;
    expect(actions(previewAccess(scope)).filter((action) => !reads.test(action))).to.deep.equal([]);
    const data = [
      "s3:GetObject",
      "secretsmanager:GetSecretValue",
      "ecr:BatchGetImage",
      "logs:GetLogEvents",
    ];
    expect(actions(previewAccess(scope))).not.to.include.any.members(data);
  });

  for (const name of ["boundary", "provisionAccess"] as const) {
    it(`${name} changes only the platform's roles, and gives them rights only under the boundary`, () => {
      const writes = statements(documents[name]).filter(({ Action }) =>
        [Action]
          .flat()
          .some((action) =>
            /^iam:(Attach|Create|Put|Update|Pass)(AssumeRolePolicy|Role)/.test(action),
          ),
      );
      expect(writes).to.have.length(2);
      for (const { Resource } of writes)
        expect(Resource).to.equal("arn:aws:iam::123456789012:role/idp-*");
      const granting = writes.filter(({ Action }) => [Action].flat().includes("iam:PutRolePolicy"));
      expect(granting.map(({ Condition }) => Condition)).to.deep.equal([
        {
          StringEquals: {
            "iam:PermissionsBoundary": "arn:aws:iam::123456789012:policy/idp-boundary",
          },
        },
      ]);
    });

    it(`${name} can neither lift the boundary nor make users or keys`, () => {
      expect(actions(documents[name])).not.to.include.any.members([
        "iam:CreateAccessKey",
        "iam:CreatePolicyVersion",
        "iam:CreateUser",
        "iam:DeleteRolePermissionsBoundary",
        "iam:SetDefaultPolicyVersion",
      ]);
    });
  }

  it("a service may assume a role only for this account, and Pods only as one service account of one cluster", () => {
    expect(statements(serviceTrust("vpc-flow-logs.amazonaws.com", "123456789012"))).to.deep.equal([
      {
        Effect: "Allow",
        Principal: { Service: "vpc-flow-logs.amazonaws.com" },
        Action: ["sts:AssumeRole"],
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ]);
    const clusterArn = "arn:aws:eks:us-west-2:123456789012:cluster/idp-dev";
    const pod = { clusterArn, namespace: "argocd", serviceAccount: "updater" };
    expect(statements(podIdentityTrust(pod)).map(({ Condition }) => Condition)).to.deep.equal([
      {
        StringEquals: {
          "aws:RequestTag/eks-cluster-arn": clusterArn,
          "aws:RequestTag/kubernetes-namespace": "argocd",
          "aws:RequestTag/kubernetes-service-account": "updater",
        },
      },
    ]);
  });

  it("publish pushes only to its own repository", () => {
    const wider = statements(ecrPublish(repository)).filter(
      ({ Resource }) => Resource !== repository,
    );
    expect(wider).to.deep.equal([
      { Effect: "Allow", Action: ["ecr:GetAuthorizationToken"], Resource: "*" },
    ]);
    expect(actions(ecrPublish(repository))).to.include("ecr:PutImage");
    expect(actions(ecrRead([repository]))).not.to.include("ecr:PutImage");
  });

  describe("of a stack that is kept in S3", () => {
    const bucket = "arn:aws:s3:::acme-state";
    const additions = (document: (of: typeof scope) => object) => {
      const before = new Set(statements(document(scope)).map((entry) => JSON.stringify(entry)));
      return statements(document(inS3)).filter((entry) => !before.has(JSON.stringify(entry)));
    };

    it("let a preview read the state, and write nothing", () => {
      expect(additions(previewAccess)).to.deep.equal([
        { Effect: "Allow", Action: ["s3:ListBucket"], Resource: bucket },
        { Effect: "Allow", Action: ["s3:GetObject"], Resource: `${bucket}/*` },
        { Effect: "Allow", Action: ["kms:Decrypt"], Resource: keyArn },
      ]);
    });

    for (const [name, document] of Object.entries({ boundary, provisionAccess })) {
      it(`${name} lets the stack be written, but only in this bucket`, () => {
        expect(additions(document)).to.deep.equal([
          { Effect: "Allow", Action: ["s3:ListBucket"], Resource: bucket },
          {
            Effect: "Allow",
            Action: ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            Resource: `${bucket}/*`,
          },
        ]);
      });
    }

    it("let the boundary contain each right of a preview", () => {
      const bounded = actions(boundary(inS3));
      expect(
        actions(previewAccess(inS3)).filter(
          (action) =>
            !bounded.includes(action) &&
            !bounded.includes(action.replace(/:.*/, ":*")) &&
            !action.startsWith("iam:"),
        ),
      ).to.deep.equal([]);
    });
  });

  it("trusts one repository and one subject, to the letter", () => {
    const jobs = { repository: "owner/idp", subjects: ["environment:prod"] } as const;
    const [statement] = statements(githubTrust("arn:provider", [jobs]));
    expect(statement?.Condition).to.deep.equal({
      StringEquals: {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:owner/idp:environment:prod",
      },
    });
  });

  it("trusts a branch as well where there is one", () => {
    const jobs = {
      repository: "owner/idp",
      subjects: ["environment:prod"],
      branch: "main",
    } as const;
    const [statement] = statements(githubTrust("arn:provider", [jobs]));
    expect(statement?.Condition).to.have.nested.property(
      "StringEquals.token\\.actions\\.githubusercontent\\.com:ref",
      "refs/heads/main",
    );
  });
});
