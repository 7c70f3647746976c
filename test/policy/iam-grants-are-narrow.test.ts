import { iamGrantsAreNarrow } from "../../policy/rules/iam-grants-are-narrow.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, policyOf, resource } from "./support.ts";

const wide = { Effect: "Allow", Action: "*", Resource: "*" };
const allowed = 'must not be "*" on the resource "*"';
const document = { Statement: [wide] };

describeRule(
  iamGrantsAreNarrow,
  "resource",
  policyOf({ Effect: "Allow", Action: ["ecr:*"], Resource: "*" }),
  [
    {
      title: "refuses everything on everything",
      at: [],
      value: policyOf(wide),
      expected: [`policy.Statement[0].Action: found "*"; ${allowed}`],
    },
    {
      title: "refuses it in lists, and in its other spelling",
      at: [],
      value: policyOf({ Effect: "Allow", Action: ["s3:Get*", "*:*"], Resource: ["a", "*"] }),
      expected: [`policy.Statement[0].Action: found ["s3:Get*","*:*"]; ${allowed}`],
    },
    {
      title: "takes everything on one resource",
      at: [],
      value: policyOf({ ...wide, Resource: "arn:a" }),
      expected: [],
    },
    {
      title: "takes a denial of everything",
      at: [],
      value: policyOf({ ...wide, Effect: "Deny" }),
      expected: [],
    },
    {
      title: "refuses all but some",
      at: [],
      value: policyOf({ Effect: "Allow", NotAction: ["iam:*"], NotResource: "arn:a" }),
      expected: [
        'policy.Statement[0].NotAction: found ["iam:*"]; must not be there: it allows all the rest',
        'policy.Statement[0].NotResource: found "arn:a"; must not be there: it allows all the rest',
      ],
    },
    {
      title: "reads a single statement",
      at: ["props", "policy"],
      value: JSON.stringify({ Statement: wide }),
      expected: [`policy.Statement[0].Action: found "*"; ${allowed}`],
    },
    {
      title: "reads a document that is no text",
      at: ["props", "policy"],
      value: document,
      expected: [`policy.Statement[0].Action: found "*"; ${allowed}`],
    },
    ...[
      "aws:iam/policy:Policy",
      "aws:iam/userPolicy:UserPolicy",
      "aws:iam/groupPolicy:GroupPolicy",
    ].map((type) => ({
      title: `looks into ${type}`,
      at: [],
      value: resource(type, { policy: document }),
      expected: [`policy.Statement[0].Action: found "*"; ${allowed}`],
    })),
    {
      title: "looks into a role's inline policies",
      at: [],
      value: resource("aws:iam/role:Role", {
        inlinePolicies: [{ policy: JSON.stringify(document) }],
      }),
      expected: [`inlinePolicies[0].policy.Statement[0].Action: found "*"; ${allowed}`],
    },
    {
      title: "ignores policies of other types",
      at: [],
      value: resource("aws:other", { inlinePolicies: [{ policy: document }], policy: document }),
      expected: [],
    },
    {
      title: "waits for a document that is not known",
      at: ["props", "policy"],
      value: unknownValue,
      expected: [],
    },
    {
      title: "accepts text that is not a policy document",
      at: ["props", "policy"],
      value: "{",
      expected: [],
    },
  ],
);
