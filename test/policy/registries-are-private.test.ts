import { registriesArePrivate } from "../../policy/rules/registries-are-private.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

function policyFor(principal: unknown, effect = "Allow") {
  return resource("aws:ecr/repositoryPolicy:RepositoryPolicy", {
    policy: JSON.stringify({ Statement: [{ Effect: effect, Principal: principal }] }),
  });
}
const where = "policy.Statement[0].Principal";
const allowed = "must name principals of 100000000003 only";

describeRule(
  registriesArePrivate,
  "resource",
  policyFor({ AWS: ["arn:aws:iam::100000000003:role/idp-a", "100000000003"] }),
  [
    {
      title: "refuses everybody",
      at: [],
      value: policyFor("*"),
      expected: [`${where}: found "*"; ${allowed}`],
    },
    {
      title: "refuses everybody among AWS's",
      at: [],
      value: policyFor({ AWS: "*" }),
      expected: [`${where}: found {"AWS":"*"}; ${allowed}`],
    },
    {
      title: "refuses another account beside our own",
      at: [],
      value: policyFor({ AWS: ["100000000003", "935743309409"] }),
      expected: [`${where}: found {"AWS":["100000000003","935743309409"]}; ${allowed}`],
    },
    { title: "accepts a denial", at: [], value: policyFor("*", "Deny"), expected: [] },
    {
      title: "refuses the same of the whole registry",
      at: [],
      value: { ...policyFor("*"), type: "aws:ecr/registryPolicy:RegistryPolicy" },
      expected: [`${where}: found "*"; ${allowed}`],
    },
    {
      title: "refuses a public registry",
      at: [],
      value: resource("aws:ecrpublic/repository:Repository", {}),
      expected: [
        'found "aws:ecrpublic/repository:Repository"; must not be there: a public registry is open to everybody',
      ],
    },
    {
      title: "waits for a document that is not known",
      at: ["props", "policy"],
      value: unknownValue,
      expected: [],
    },
    {
      title: "ignores other types",
      at: [],
      value: { ...policyFor("*"), type: "aws:s3/bucketPolicy:BucketPolicy" },
      expected: [],
    },
  ],
);
