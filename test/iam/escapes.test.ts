import { expect } from "chai";
import { provisionAccess } from "../../components/iam-documents.ts";
import {
  accountId,
  decide,
  everything,
  foreignRole,
  ownRole,
  scope,
  type Request,
} from "./evaluator.ts";

const passTo = (service: string, resource = ownRole): Request => ({
  action: "iam:PassRole",
  resource,
  context: { "iam:PassedToService": `${service}.amazonaws.com` },
});
const unbounded = { "iam:PermissionsBoundary": `arn:aws:iam::aws:policy/AdministratorAccess` };
const onBoundary = { resource: scope.boundaryArn };
const oidc = {
  resource: `arn:aws:iam::${accountId}:oidc-provider/token.actions.githubusercontent.com`,
};

/** Ways out of the platform, for someone who has the provision role. */
const escapes: Readonly<Record<string, readonly Request[]>> = {
  "make a user or a key": [
    { action: "iam:CreateUser" },
    { action: "iam:CreateAccessKey" },
    { action: "iam:CreateLoginProfile" },
    { action: "iam:AddUserToGroup" },
    { action: "iam:CreateGroup" },
  ],
  "take another role": [
    { action: "sts:AssumeRole", resource: foreignRole },
    { action: "sts:AssumeRole", resource: "arn:aws:iam::210987654321:role/deploy" },
    { action: "sts:TagSession", resource: foreignRole },
  ],
  "widen the boundary": [
    { action: "iam:CreatePolicyVersion", ...onBoundary },
    { action: "iam:SetDefaultPolicyVersion", ...onBoundary },
    { action: "iam:DeletePolicyVersion", ...onBoundary },
    { action: "iam:DeletePolicy", ...onBoundary },
  ],
  "lift the boundary": [
    { action: "iam:DeleteRolePermissionsBoundary", resource: ownRole },
    { action: "iam:PutRolePermissionsBoundary", resource: ownRole, context: unbounded },
  ],
  "make a role without the boundary": [
    { action: "iam:CreateRole", resource: ownRole, context: unbounded },
    { action: "iam:CreateRole", resource: foreignRole },
  ],
  "hand a role to a service that runs code": [
    passTo("lambda"),
    passTo("codebuild"),
    passTo("ecs-tasks"),
    passTo("ssm"),
    passTo("cloudformation"),
    passTo("ec2", foreignRole),
  ],
  "give rights to a foreign role, or to an unbounded one called idp-*": [
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
    "iam:DeleteRole",
    "iam:DetachRolePolicy",
    "iam:DeleteRolePolicy",
  ].flatMap((action) => [
    { action, resource: foreignRole },
    { action, resource: ownRole, context: unbounded },
  ]),
  "change who GitHub's tokens are for": [
    { action: "iam:UpdateOpenIDConnectProviderThumbprint", ...oidc },
    { action: "iam:AddClientIDToOpenIDConnectProvider", ...oidc },
    { action: "iam:RemoveClientIDFromOpenIDConnectProvider", ...oidc },
    { action: "iam:DeleteOpenIDConnectProvider", ...oidc },
    { action: "iam:CreateOpenIDConnectProvider", ...oidc },
    { action: "iam:CreateSAMLProvider" },
  ],
  "run code elsewhere, or read what is kept elsewhere": [
    { action: "lambda:CreateFunction" },
    { action: "lambda:UpdateFunctionCode" },
    { action: "cloudformation:CreateStack" },
    { action: "ssm:SendCommand" },
    { action: "ssm:StartSession" },
    { action: "secretsmanager:GetSecretValue" },
    { action: "s3:GetObject" },
    { action: "organizations:LeaveOrganization" },
    { action: "account:CloseAccount" },
  ],
};

describe("the boundary, by an IAM evaluator", () => {
  for (const [name, requests] of Object.entries(escapes)) {
    it(`does not let the provision role ${name}`, async () => {
      for (const request of requests) {
        const label = `${request.action} ${request.resource ?? ""}`;
        const own = { identity: [provisionAccess(scope)] };
        expect(await decide(own, request), label).to.equal(false);
        // It may write its own policies: the boundary alone has to hold.
        expect(await decide({ identity: [everything] }, request), `all: ${label}`).to.equal(false);
      }
    });
  }

  it("is what holds: without it the same requests would pass", async () => {
    const rights = { identity: [everything], boundary: null };
    for (const request of Object.values(escapes).flat()) {
      expect(await decide(rights, request), request.action).to.equal(true);
    }
  });
});
