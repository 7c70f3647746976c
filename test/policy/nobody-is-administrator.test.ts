import { nobodyIsAdministrator } from "../../policy/rules/nobody-is-administrator.ts";
import { describeRule, resource } from "./support.ts";

const narrow = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly";
const wide = "arn:aws:iam::aws:policy/AdministratorAccess";
const allowed = "must not be an administrator's policy";

describeRule(
  nobodyIsAdministrator,
  "resource",
  resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", { policyArn: narrow }),
  [
    {
      title: "refuses an attachment",
      at: ["props", "policyArn"],
      value: wide,
      expected: [`policyArn: found "${wide}"; ${allowed}`],
    },
    ...["PowerUserAccess", "IAMFullAccess"].map((name) => ({
      title: `refuses ${name}, which leads there`,
      at: ["props", "policyArn"],
      value: `arn:aws:iam::aws:policy/${name}`,
      expected: [`policyArn: found "arn:aws:iam::aws:policy/${name}"; ${allowed}`],
    })),
    {
      title: "refuses it among a role's own",
      at: [],
      value: resource("aws:iam/role:Role", { managedPolicyArns: [narrow, wide] }),
      expected: [`managedPolicyArns[1]: found "${wide}"; ${allowed}`],
    },
    {
      title: "ignores other types",
      at: [],
      value: resource("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", {
        policyArn: wide,
      }),
      expected: [],
    },
  ],
);
