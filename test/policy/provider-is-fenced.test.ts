import { providerIsFenced } from "../../policy/rules/provider-is-fenced.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

const at = ["props", "allowedAccountIds"];
const allowed = 'must be ["100000000003"]';

describeRule(
  providerIsFenced,
  "resource",
  resource("pulumi:providers:aws", { allowedAccountIds: '["100000000003"]' }),
  [
    { title: "reads a list as well as text", at, value: ["100000000003"], expected: [] },
    {
      title: "refuses another account",
      at,
      value: '["935743309409"]',
      expected: [`allowedAccountIds: found ["935743309409"]; ${allowed}`],
    },
    {
      title: "refuses one more",
      at,
      value: '["100000000003","935743309409"]',
      expected: [`allowedAccountIds: found ["100000000003","935743309409"]; ${allowed}`],
    },
    {
      title: "refuses no fence",
      at,
      value: undefined,
      expected: [`allowedAccountIds: found nothing; ${allowed}`],
    },
    {
      title: "refuses what is not known",
      at,
      value: unknownValue,
      expected: [
        `allowedAccountIds: found a value that is not known before the update; ${allowed}`,
      ],
    },
    {
      title: "ignores other providers",
      at: [],
      value: resource("pulumi:providers:kubernetes", {}),
      expected: [],
    },
  ],
);
