import { everywhere, type Rule } from "../rule.ts";
import { listOf, parsed, violation } from "../values.ts";

export const providerIsFenced: Rule = {
  name: "provider-is-fenced",
  reason:
    "With another account's credentials at hand, prod's stack must not touch dev's account, nor the reverse.",
  fix: "give the provider allowedAccountIds with the stack's own account and no other",
  severity: "critical",
  link: "https://www.pulumi.com/registry/packages/aws/installation-configuration/",
  levels: everywhere,
  unknown: "refuse",
  resource: ({ type, props }, { accountId }) => {
    if (type !== "pulumi:providers:aws") return [];
    const accounts = parsed(props["allowedAccountIds"]);
    const isOwn = listOf(accounts).length === 1 && listOf(accounts)[0] === accountId;
    return isOwn ? [] : [violation(["allowedAccountIds"], accounts, `must be ["${accountId}"]`)];
  },
};
