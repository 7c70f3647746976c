import { oneOrMore, statementsOf } from "../iam.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, entriesOf, textOf, violation } from "../values.ts";

export const registriesArePrivate: Rule = {
  name: "registries-are-private",
  reason: "Nobody outside the account pushes or pulls what it runs.",
  fix: "let principals of this account in, and keep images in aws.ecr",
  severity: "critical",
  link: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }, { accountId }) => {
    if (type.startsWith("aws:ecrpublic/")) {
      return [violation([], type, "must not be there: a public registry is open to everybody")];
    }
    if (
      ![
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:ecr/registryPolicy:RegistryPolicy",
      ].includes(type)
    ) {
      return [];
    }
    const isOwn = (principal: unknown): boolean =>
      principal === accountId || textOf(principal).includes(`::${accountId}:`);
    return statementsOf(props["policy"], ["policy"])
      .filter(({ value }) => at(value, "Effect") === "Allow")
      .flatMap(({ path, value }) => {
        const principal = at(value, "Principal");
        const named =
          typeof principal === "object"
            ? entriesOf(principal).flatMap(([, names]) => oneOrMore(names))
            : [principal];
        return named.every(isOwn)
          ? []
          : [
              violation(
                [...path, "Principal"],
                principal,
                `must name principals of ${accountId} only`,
              ),
            ];
      });
  },
};
