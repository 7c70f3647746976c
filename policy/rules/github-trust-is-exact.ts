import { oneOrMore, statementsOf } from "../iam.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, entriesOf, textOf, violation } from "../values.ts";

const issuer = "token.actions.githubusercontent.com";
/** One repository, with its ids or without, and one of what GitHub vouches for: a pull request, an environment, a branch or tag. */
const exact =
  /^repo:(?:[\w.-]+\/[\w.-]+|[\w.-]+@\d+\/[\w.-]+@\d+):(pull_request|environment:[\w-]+|ref:refs\/(heads|tags)\/[\w./-]+)$/;

/** Claims that narrow a subject, of which one value or a list may be named. */
const narrower = {
  ref: {
    pattern: /^refs\/(heads|tags)\/[\w./-]+$/,
    allowed: "must be refs/heads/<branch> or refs/tags/<tag>",
  },
  job_workflow_ref: {
    pattern:
      /^[\w.-]+\/[\w.-]+\/\.github\/workflows\/[\w.-]+\.ya?ml@(refs\/(heads|tags)\/[\w./-]+|[0-9a-f]{40})$/,
    allowed:
      "must be <owner>/<repository>/.github/workflows/<file>@ and a branch or tag as refs/..., or a commit",
  },
} as const;

export const githubTrustIsExact: Rule = {
  name: "github-trust-is-exact",
  reason: "With a pattern in its trust a role is anybody's who can open a repository or a branch.",
  fix: "compare aud and sub by StringEquals, sub with one repository and one environment, ref or pull_request; beside an environment also ref or job_workflow_ref",
  severity: "critical",
  link: "https://docs.github.com/en/actions/security-for-github-actions/security-hardening-your-deployments/configuring-openid-connect-in-amazon-web-services",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }) =>
    type !== "aws:iam/role:Role"
      ? []
      : statementsOf(props["assumeRolePolicy"], ["assumeRolePolicy"])
          .filter(({ value }) =>
            oneOrMore(at(value, "Action")).includes("sts:AssumeRoleWithWebIdentity"),
          )
          .flatMap(({ path, value }) => {
            const equals = at(value, "Condition", "StringEquals");
            const claim = (name: string) => oneOrMore(at(equals, `${issuer}:${name}`));
            const subjects = claim("sub");
            const audience = at(equals, `${issuer}:aud`);
            const others = entriesOf(at(value, "Condition")).filter(
              ([operator]) => operator !== "StringEquals",
            );
            const condition = [...path, "Condition"];
            const namesEnvironment = subjects
              .map(textOf)
              .some((subject) => exact.test(subject) && subject.includes(":environment:"));
            const narrowing = Object.entries(narrower);
            return [
              ...(audience === "sts.amazonaws.com"
                ? []
                : [
                    violation(
                      [...condition, "StringEquals", `${issuer}:aud`],
                      audience,
                      "must be sts.amazonaws.com",
                    ),
                  ]),
              ...(subjects.length > 0 && subjects.every((subject) => exact.test(textOf(subject)))
                ? []
                : [
                    violation(
                      [...condition, "StringEquals", `${issuer}:sub`],
                      at(equals, `${issuer}:sub`),
                      "must be repo:<owner>/<repository>: and pull_request, environment:<name> or ref:<ref>",
                    ),
                  ]),
              ...narrowing.flatMap(([name, { pattern, allowed }]) =>
                claim(name).every((value) => pattern.test(textOf(value)))
                  ? []
                  : [
                      violation(
                        [...condition, "StringEquals", `${issuer}:${name}`],
                        at(equals, `${issuer}:${name}`),
                        allowed,
                      ),
                    ],
              ),
              // A job on any branch may name an environment, which is made without rules when it is not there.
              ...(namesEnvironment && narrowing.every(([name]) => claim(name).length === 0)
                ? [
                    violation(
                      [...condition, "StringEquals"],
                      equals,
                      "must have ref or job_workflow_ref beside an environment's subject",
                    ),
                  ]
                : []),
              ...others.map(([operator, tests]) =>
                violation([...condition, operator], tests, "must be StringEquals alone"),
              ),
            ];
          }),
};
