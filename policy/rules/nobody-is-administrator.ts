import { everywhere, type Rule } from "../rule.ts";
import { listOf, textOf, violation } from "../values.ts";

const administrators = /:iam::aws:policy\/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$/;
const allowed = "must not be an administrator's policy";

export const nobodyIsAdministrator: Rule = {
  name: "nobody-is-administrator",
  reason: "A workflow's role that can do everything makes every pull request an administrator.",
  fix: "write a policy with the actions that are needed",
  severity: "critical",
  link: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }) => {
    if (!type.startsWith("aws:iam/")) return [];
    return [
      ...(administrators.test(textOf(props["policyArn"]))
        ? [violation(["policyArn"], props["policyArn"], allowed)]
        : []),
      ...listOf(props["managedPolicyArns"]).flatMap((arn, index) =>
        administrators.test(textOf(arn))
          ? [violation(["managedPolicyArns", index], arn, allowed)]
          : [],
      ),
    ];
  },
};
