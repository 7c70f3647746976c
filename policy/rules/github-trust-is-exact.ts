import { oneOrMore, statementsOf } from "../iam.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, entriesOf, textOf, violation } from "../values.ts";

const issuer = "token.actions.githubusercontent.com";
/** One repository, with its ids or without, and one of what GitHub vouches for: a pull request, an environment, a branch or tag. */
const exact =
  /^repo:(?:[\w.-]+\/[\w.-]+|[\w.-]+@\d+\/[\w.-]+@\d+):(pull_request|environment:[\w-]+|ref:refs\/(heads|tags)\/[\w./-]+)$/;

export const githubTrustIsExact: Rule = {
  name: "github-trust-is-exact",
  reason: "With a pattern in its trust a role is anybody's who can open a repository or a branch.",
  fix: "compare aud and sub by StringEquals, sub with one repository and one environment, ref or pull_request",
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
            const subjects = oneOrMore(at(equals, `${issuer}:sub`));
            const audience = at(equals, `${issuer}:aud`);
            const others = entriesOf(at(value, "Condition")).filter(
              ([operator]) => operator !== "StringEquals",
            );
            const condition = [...path, "Condition"];
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
              ...others.map(([operator, tests]) =>
                violation([...condition, operator], tests, "must be StringEquals alone"),
              ),
            ];
          }),
};
