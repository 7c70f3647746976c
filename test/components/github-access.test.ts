import { expect } from "chai";
import { GithubAccess, type GithubAccessArgs } from "../../components/github-access.ts";
import { iamScope } from "../../components/iam-documents.ts";
import { inputsOf, names, record } from "../support/record.ts";

const args: GithubAccessArgs = {
  repository: "owner/idp",
  branch: "main",
  environment: "prod",
  builds: false,
  workflowRefs: ["refs/heads/main"],
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
  "idp-github-audit",
  "idp-github-preview",
  "idp-github-promote",
  "idp-github-provision",
  "idp-github-publish-idp-localtime",
  "idp-github-publish-idp-version",
];

const released =
  'job_workflow_ref "owner/idp/.github/workflows/service-release.yml@refs/heads/main"';

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

  it("binds each role to one repository and to the jobs that need it", async () => {
    const made = await record(() => new GithubAccess("idp-github", args));
    const claims = roles.map((role) => {
      const text = String(inputsOf(made, "aws:iam/role:Role", role)["assumeRolePolicy"]);
      return [...text.matchAll(/"token\.actions\.githubusercontent\.com:(\w+)":("[^"]*"|\[.*?\])/g)]
        .map(([, claim = "", value = ""]) => `${claim} ${value}`)
        .filter((claim) => !claim.startsWith("aud"));
    });
    expect(claims).to.deep.equal([
      ['sub "repo:owner/idp:ref:refs/heads/main"'],
      ['sub "repo:owner/idp:pull_request"'],
      ['sub "repo:owner/idp:ref:refs/heads/main"'],
      ['sub "repo:owner/idp:environment:prod"', 'ref "refs/heads/main"'],
      ['sub "repo:owner/time-service:environment:prod"', released],
      ['sub "repo:owner/version-service:environment:prod"', released],
    ]);
  });

  it("trusts a build of the service's branch too where images are built, at the refs that are allowed", async () => {
    const made = await record(
      () =>
        new GithubAccess("idp-github", {
          ...args,
          repository: "owner@12/idp@34",
          formerly: "owner/idp",
          builds: true,
          workflowRefs: ["refs/tags/v2", "a1".repeat(20)],
          publishers: [{ repository: "owner@12/a@5", image: "idp/version", branch: "trunk" }],
        }),
    );
    const role = inputsOf(made, "aws:iam/role:Role", "idp-github-publish-idp-version");
    const { Statement } = JSON.parse(String(role["assumeRolePolicy"])) as {
      Statement: { Condition: unknown }[];
    };
    const key = (claim: string) => `token.actions.githubusercontent.com:${claim}`;
    const both = (file: string) => [
      `owner/idp/.github/workflows/${file}@refs/tags/v2`,
      `owner/idp/.github/workflows/${file}@${"a1".repeat(20)}`,
    ];
    const common = {
      [key("aud")]: "sts.amazonaws.com",
      [key("sub")]: "repo:owner@12/a@5:environment:prod",
    };
    expect(Statement.map(({ Condition }) => Condition)).to.deep.equal([
      {
        StringEquals: {
          ...common,
          [key("ref")]: "refs/heads/trunk",
          [key("job_workflow_ref")]: both("service-build.yml"),
        },
      },
      { StringEquals: { ...common, [key("job_workflow_ref")]: both("service-release.yml") } },
    ]);
  });

  it("trusts a repository under its former name as well, if it has one, and no other", async () => {
    const moved = {
      ...args,
      repository: "owner@12/idp@34",
      formerly: "owner/idp",
      publishers: [
        {
          repository: "owner@12/time-service@56",
          formerly: "someone/clock",
          image: "idp/localtime",
        },
      ],
    };
    const made = await record(() => new GithubAccess("idp-github", moved));
    const subjects = roles.slice(0, -1).map((role) => {
      const text = String(inputsOf(made, "aws:iam/role:Role", role)["assumeRolePolicy"]);
      return /:sub":(\[.*?\]|".*?")/.exec(text)?.[1];
    });
    expect(subjects).to.deep.equal([
      '["repo:owner@12/idp@34:ref:refs/heads/main","repo:owner/idp:ref:refs/heads/main"]',
      '["repo:owner@12/idp@34:pull_request","repo:owner/idp:pull_request"]',
      '["repo:owner@12/idp@34:ref:refs/heads/main","repo:owner/idp:ref:refs/heads/main"]',
      '["repo:owner@12/idp@34:environment:prod","repo:owner/idp:environment:prod"]',
      '["repo:owner@12/time-service@56:environment:prod","repo:someone/clock:environment:prod"]',
    ]);
  });

  it("lets a promotion read images, and makes no role for it if there are none", async () => {
    const made = await record(() => new GithubAccess("idp-github", args));
    const text = String(
      inputsOf(made, "aws:iam/rolePolicy:RolePolicy", "idp-github-promote")["policy"],
    );
    const { Statement } = JSON.parse(text) as {
      Statement: { Action: string[]; Resource: string | string[] }[];
    };
    expect(Statement.flatMap(({ Action }) => Action)).to.deep.equal([
      "ecr:GetAuthorizationToken",
      "ecr:BatchGetImage",
      "ecr:DescribeImages",
      "ecr:GetDownloadUrlForLayer",
      "ecr:ListImages",
    ]);
    expect(Statement.map(({ Resource }) => Resource)).to.deep.equal([
      "*",
      ["arn:localtime", "arn:version"],
    ]);
    const none = { ...args, publishers: [], repositoryArns: new Map<string, string>() };
    const few = await record(() => new GithubAccess("idp-github", none));
    expect(names(few).filter((name) => name.includes("promote"))).to.deep.equal([]);
  });

  it("lets the workflow that syncs find the cluster, and no other job; only where people sync", async () => {
    const cluster = { accountId: "123456789012", region: "us-west-2", clusterName: "idp-prod" };
    const made = await record(
      () => new GithubAccess("idp-github", { ...args, syncedByPeople: cluster }),
    );
    expect(names(made).filter((name) => name.includes("sync"))).to.deep.equal([
      "aws:iam/role:Role idp-github-sync",
      "aws:iam/rolePolicy:RolePolicy idp-github-sync",
    ]);
    const policy = inputsOf(made, "aws:iam/rolePolicy:RolePolicy", "idp-github-sync")["policy"];
    expect(JSON.parse(String(policy))).to.deep.equal({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: ["eks:DescribeCluster"],
          Resource: "arn:aws:eks:us-west-2:123456789012:cluster/idp-prod",
        },
      ],
    });
    const role = inputsOf(made, "aws:iam/role:Role", "idp-github-sync");
    const key = (claim: string) => `token.actions.githubusercontent.com:${claim}`;
    const { Statement } = JSON.parse(String(role["assumeRolePolicy"])) as { Statement: unknown[] };
    expect(Statement).to.have.length(1);
    expect(Statement[0]).to.deep.include({
      Condition: {
        StringEquals: {
          [key("aud")]: "sts.amazonaws.com",
          [key("sub")]: "repo:owner/idp:environment:prod",
          [key("ref")]: "refs/heads/main",
          [key("job_workflow_ref")]: "owner/idp/.github/workflows/prod-sync.yml@refs/heads/main",
        },
      },
    });
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
