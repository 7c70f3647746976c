import { expect } from "chai";
import {
  boundary,
  ecrPublish,
  ecrRead,
  githubTrust,
  iamScope,
  previewAccess,
  provisionAccess,
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
  previewAccess,
  provisionAccess: provisionAccess(scope),
};

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

  it("preview reads descriptions, no data", () => {
    const reads = /^\w+:(Describe|Get|List)/;
    expect(actions(previewAccess).filter((action) => !reads.test(action))).to.deep.equal([]);
    const data = [
      "s3:GetObject",
      "secretsmanager:GetSecretValue",
      "ecr:BatchGetImage",
      "logs:GetLogEvents",
    ];
    expect(actions(previewAccess)).not.to.include.any.members(data);
  });

  for (const name of ["boundary", "provisionAccess"] as const) {
    it(`${name} changes roles of the platform alone, and gives them rights under the boundary alone`, () => {
      const writes = statements(documents[name]).filter(({ Action }) =>
        [Action]
          .flat()
          .some((action) =>
            /^iam:(Attach|Create|Put|Update|Pass)(AssumeRolePolicy|Role)/.test(action),
          ),
      );
      expect(writes).to.have.length(3);
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

  it("publish pushes to its own repository alone", () => {
    const wider = statements(ecrPublish(repository)).filter(
      ({ Resource }) => Resource !== repository,
    );
    expect(wider).to.deep.equal([
      { Effect: "Allow", Action: ["ecr:GetAuthorizationToken"], Resource: "*" },
    ]);
    expect(actions(ecrPublish(repository))).to.include("ecr:PutImage");
    expect(actions(ecrRead([repository]))).not.to.include("ecr:PutImage");
  });

  it("trusts one repository and one subject, to the letter", () => {
    const [statement] = statements(githubTrust("arn:provider", "owner/idp", "environment:prod"));
    expect(statement?.Condition).to.deep.equal({
      StringEquals: {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:owner/idp:environment:prod",
      },
    });
  });
});
