import { grantsOf, oneOrMore } from "../iam.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, isAbsent, violation } from "../values.ts";

const isEverything = (value: unknown): boolean => value === "*" || value === "*:*";

export const iamGrantsAreNarrow: Rule = {
  name: "iam-grants-are-narrow",
  reason: "Every action on every resource is the account itself.",
  fix: "name the actions, or the resources; an Allow with NotAction or NotResource is as wide",
  severity: "critical",
  link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
  levels: everywhere,
  unknown: "wait",
  resource: (resource) =>
    grantsOf(resource).flatMap(({ path, value }) => {
      const [actions, resources] = [at(value, "Action"), at(value, "Resource")];
      const isWide = ["NotAction", "NotResource"].filter((key) => !isAbsent(at(value, key)));
      return [
        ...(oneOrMore(actions).some(isEverything) && oneOrMore(resources).some(isEverything)
          ? [violation([...path, "Action"], actions, 'must not be "*" on the resource "*"')]
          : []),
        ...isWide.map((key) =>
          violation([...path, key], at(value, key), "must not be there: it allows all the rest"),
        ),
      ];
    }),
};
