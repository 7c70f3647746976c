import { rolesAreBounded } from "../../policy/rules/roles-are-bounded.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

const allowed = "must be the policy idp-boundary";
const at = ["props", "permissionsBoundary"];

describeRule(
  rolesAreBounded,
  "resource",
  resource("aws:iam/role:Role", {
    permissionsBoundary: "arn:aws:iam::100000000003:policy/idp-boundary",
  }),
  [
    {
      title: "refuses a role without it",
      at,
      value: undefined,
      expected: [`permissionsBoundary: found nothing; ${allowed}`],
    },
    {
      title: "refuses another policy in its place",
      at,
      value: "arn:aws:iam::100000000003:policy/wide",
      expected: [`permissionsBoundary: found "arn:aws:iam::100000000003:policy/wide"; ${allowed}`],
    },
    { title: "waits for a boundary that is not made yet", at, value: unknownValue, expected: [] },
    {
      title: "ignores other types",
      at: [],
      value: resource("aws:iam/policy:Policy", {}),
      expected: [],
    },
  ],
);
