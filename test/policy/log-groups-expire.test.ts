import { logGroupsExpire } from "../../policy/rules/log-groups-expire.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

const at = ["props", "retentionInDays"];

describeRule(
  logGroupsExpire,
  "resource",
  resource("aws:cloudwatch/logGroup:LogGroup", { retentionInDays: 1 }),
  [
    {
      title: "refuses logs for ever",
      at,
      value: 0,
      expected: ["retentionInDays: found 0; must be a number of days"],
    },
    {
      title: "refuses the default, which is for ever",
      at,
      value: undefined,
      expected: ["retentionInDays: found nothing; must be a number of days"],
    },
    {
      title: "refuses text",
      at,
      value: "14",
      expected: ['retentionInDays: found "14"; must be a number of days'],
    },
    { title: "waits for what is not known", at, value: unknownValue, expected: [] },
    {
      title: "ignores other types",
      at: [],
      value: resource("aws:kms/key:Key", {}),
      expected: [],
    },
  ],
);
