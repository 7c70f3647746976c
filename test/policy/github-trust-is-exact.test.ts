import { githubTrustIsExact } from "../../policy/rules/github-trust-is-exact.ts";
import { describeRule, resource } from "./support.ts";

const issuer = "token.actions.githubusercontent.com";
const allowed =
  "must be repo:<owner>/<repository>: and pull_request, environment:<name> or ref:<ref>";

function trust(
  subject: unknown,
  more: object = {},
  audience: unknown = "sts.amazonaws.com",
  narrower: object = {},
) {
  const equals = { [`${issuer}:aud`]: audience, [`${issuer}:sub`]: subject, ...narrower };
  return resource("aws:iam/role:Role", {
    assumeRolePolicy: JSON.stringify({
      Statement: [
        {
          Effect: "Allow",
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: { StringEquals: equals, ...more },
        },
      ],
    }),
  });
}
const on = { [`${issuer}:ref`]: "refs/heads/main" };
const file = "acme/idp/.github/workflows/build.yml";
const where = `assumeRolePolicy.Statement[0].Condition.StringEquals.${issuer}`;

const narrowed = (narrower: object) =>
  trust("repo:acme/idp:environment:prod", {}, undefined, narrower);

describeRule(githubTrustIsExact, "resource", narrowed(on), [
  ...[
    "repo:acme/idp:pull_request",
    "repo:acme/idp:ref:refs/heads/main",
    "repo:acme/idp:ref:refs/tags/v1",
    "repo:acme@12/idp@34:pull_request",
  ].map((subject) => ({ title: `takes ${subject}`, at: [], value: trust(subject), expected: [] })),
  ...[
    { [`${issuer}:ref`]: ["refs/heads/main", "refs/tags/v1.2.3"] },
    { [`${issuer}:job_workflow_ref`]: `${file}@refs/heads/main` },
    {
      [`${issuer}:job_workflow_ref`]: [`${file}@refs/tags/v1`, `${file}@${"a1".repeat(20)}`],
      ...on,
    },
  ].map((narrower) => ({
    title: `takes an environment with ${JSON.stringify(narrower)}`,
    at: [],
    value: narrowed(narrower),
    expected: [],
  })),
  {
    title: "takes an environment of a repository with ids",
    at: [],
    value: trust("repo:acme@12/idp@34:environment:prod", {}, undefined, on),
    expected: [],
  },
  {
    title: "refuses an environment alone, which any branch may name",
    at: [],
    value: trust(["repo:acme/idp:pull_request", "repo:acme/idp:environment:prod"]),
    expected: [
      `assumeRolePolicy.Statement[0].Condition.StringEquals: found {"${issuer}:aud":"sts.amazonaws.com","token.actions.gi...; must have ref or job_workflow_ref beside an environment's subject`,
    ],
  },
  ...["main", "refs/heads/*", "refs/pull/12/merge", "x refs/heads/main"].map((ref) => ({
    title: `refuses the ref ${ref}`,
    at: [],
    value: narrowed({ [`${issuer}:ref`]: ref }),
    expected: [`${where}:ref: found "${ref}"; must be refs/heads/<branch> or refs/tags/<tag>`],
  })),
  ...[
    `${file}@*`,
    `${file}@main`,
    `${file}@3f2a9c1`,
    file,
    `acme/*/.github/workflows/build.yml@refs/heads/main`,
    `https://github.com/${file}@refs/heads/main`,
    `${file}@refs/heads/main x`,
  ].map((workflow) => ({
    title: `refuses the workflow ${workflow}`,
    at: [],
    value: narrowed({ [`${issuer}:job_workflow_ref`]: workflow }),
    expected: [
      `${where}:job_workflow_ref: found "${workflow}"; must be <owner>/<repository>/.github/workflows/<file>@ and a branch or tag as refs/..., or a commit`,
    ],
  })),
  ...[
    "repo:acme/*",
    "repo:acme@12/idp:pull_request",
    "repo:acme/idp@34:pull_request",
    "repo:acme@12/idp@*:pull_request",
    "repo:acme@/idp@:pull_request",
    "repo:acme/idp:*",
    "repo:acme/idp:environment:*",
    "repo:acme/idp:ref:refs/heads/*",
    "*",
    "x repo:acme/idp:pull_request",
    "repo:acme/idp:pull_request:x",
  ].map((subject) => ({
    title: `refuses ${subject}`,
    at: [],
    value: trust(subject),
    expected: [`${where}:sub: found "${subject}"; ${allowed}`],
  })),
  {
    title: "refuses one wrong workflow among others",
    at: [],
    value: narrowed({ [`${issuer}:job_workflow_ref`]: ["a/b/.github/workflows/c.yml@main", "*"] }),
    expected: [
      `${where}:job_workflow_ref: found ["a/b/.github/workflows/c.yml@main","*"]; must be <owner>/<repository>/.github/workflows/<file>@ and a branch or tag as refs/..., or a commit`,
    ],
  },
  {
    title: "refuses one pattern among others",
    at: [],
    value: trust(["repo:acme/idp:pull_request", "repo:acme/*"]),
    expected: [`${where}:sub: found ["repo:acme/idp:pull_request","repo:acme/*"]; ${allowed}`],
  },
  {
    title: "refuses any subject",
    at: [],
    value: trust(undefined),
    expected: [`${where}:sub: found nothing; ${allowed}`],
  },
  {
    title: "refuses tokens for others",
    at: [],
    value: trust("repo:acme/idp:pull_request", {}, "https://github.com/acme"),
    expected: [`${where}:aud: found "https://github.com/acme"; must be sts.amazonaws.com`],
  },
  {
    title: "refuses a comparison by pattern beside it",
    at: [],
    value: trust("repo:acme/idp:pull_request", { StringLike: { a: "*" } }),
    expected: [
      'assumeRolePolicy.Statement[0].Condition.StringLike: found {"a":"*"}; must be StringEquals alone',
    ],
  },
  {
    title: "ignores the trust of a service",
    at: ["props", "assumeRolePolicy"],
    value: { Statement: [{ Effect: "Allow", Action: ["sts:AssumeRole"] }] },
    expected: [],
  },
  {
    title: "ignores other types",
    at: ["type"],
    value: "aws:iam/policy:Policy",
    expected: [],
  },
]);
