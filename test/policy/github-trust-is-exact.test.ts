import { githubTrustIsExact } from "../../policy/rules/github-trust-is-exact.ts";
import { describeRule, resource } from "./support.ts";

const issuer = "token.actions.githubusercontent.com";
const allowed =
  "must be repo:<owner>/<repository>: and pull_request, environment:<name> or ref:<ref>";

function trust(subject: unknown, more: object = {}, audience: unknown = "sts.amazonaws.com") {
  const equals = { [`${issuer}:aud`]: audience, [`${issuer}:sub`]: subject };
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
const where = `assumeRolePolicy.Statement[0].Condition.StringEquals.${issuer}`;

describeRule(githubTrustIsExact, "resource", trust("repo:acme/idp:environment:prod"), [
  ...[
    "repo:acme/idp:pull_request",
    "repo:acme/idp:ref:refs/heads/main",
    "repo:acme/idp:ref:refs/tags/v1",
    "repo:acme@12/idp@34:environment:prod",
    "repo:acme@12/idp@34:pull_request",
  ].map((subject) => ({ title: `takes ${subject}`, at: [], value: trust(subject), expected: [] })),
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
