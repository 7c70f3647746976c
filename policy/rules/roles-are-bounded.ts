import { everywhere, type Rule } from "../rule.ts";
import { textOf, violation } from "../values.ts";

export const rolesAreBounded: Rule = {
  name: "roles-are-bounded",
  reason:
    "The boundary is the most that any role of the platform can do, whatever its policies say.",
  fix: "put the policy idp-boundary on the role as its permissionsBoundary",
  severity: "critical",
  link: "../docs/decisions/0007-boundary-by-transform.md",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }) => {
    const boundary = props["permissionsBoundary"];
    return type !== "aws:iam/role:Role" || textOf(boundary).endsWith(":policy/idp-boundary")
      ? []
      : [violation(["permissionsBoundary"], boundary, "must be the policy idp-boundary")];
  },
};
