import { expect } from "chai";
import { GithubAccess, type GithubAccessArgs } from "../../components/github-access.ts";
import { iamScope } from "../../components/iam-documents.ts";
import { inputsOf, names, record } from "../support/record.ts";

const args: GithubAccessArgs = {
  repository: "owner/idp",
  environment: "prod",
  publishers: [
    { repository: "owner/time-service", image: "idp/localtime" },
    { repository: "owner/version-service", image: "idp/version" },
  ],
  repositoryArns: new Map([
    ["idp/localtime", "arn:localtime"],
    ["idp/version", "arn:version"],
  ]),
  scope: iamScope("aws", "123456789012"),
};

const roles = [
  "idp-github-preview",
  "idp-github-provision",
  "idp-github-publish-idp-localtime",
  "idp-github-publish-idp-version",
];

describe("GithubAccess", () => {
  for (const preview of [false, true]) {
    it(`makes a provider and a role for each task${preview ? " in a preview" : ""}`, async () => {
      const made = await record(() => new GithubAccess("idp-github", args), { preview });
      expect(names(made)).to.deep.equal([
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider idp-github",
        ...roles.map((role) => `aws:iam/role:Role ${role}`),
        ...roles.map((role) => `aws:iam/rolePolicy:RolePolicy ${role}`),
        "idp:platform:GithubAccess idp-github",
      ]);
    });
  }

  it("binds each role to one repository and one subject", async () => {
    const made = await record(() => new GithubAccess("idp-github", args));
    const subjects = roles.map((role) => {
      const text = String(inputsOf(made, "aws:iam/role:Role", role)["assumeRolePolicy"]);
      return /"token\.actions\.githubusercontent\.com:sub":"([^"]*)"/.exec(text)?.[1];
    });
    expect(subjects).to.deep.equal([
      "repo:owner/idp:pull_request",
      "repo:owner/idp:environment:prod",
      "repo:owner/time-service:environment:prod",
      "repo:owner/version-service:environment:prod",
    ]);
  });

  it("lets a publisher push to its own repository", async () => {
    const made = await record(() => new GithubAccess("idp-github", args));
    const policy = inputsOf(
      made,
      "aws:iam/rolePolicy:RolePolicy",
      "idp-github-publish-idp-version",
    )["policy"];
    expect(String(policy)).to.include('"arn:version"').and.not.include("arn:localtime");
  });

  it("refuses a publisher of an image that no service runs", async () => {
    let message = "";
    try {
      await record(
        () =>
          new GithubAccess("idp-github", {
            ...args,
            publishers: [{ repository: "owner/payments", image: "idp/payments" }],
          }),
      );
    } catch (error) {
      message = String(error);
    }
    expect(message).to.include(
      "idp:github.publishers: owner/payments publishes idp/payments, which no service of this environment runs; allowed: idp/localtime, idp/version.",
    );
  });
});
