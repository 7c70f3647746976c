import { everywhere, type Rule } from "../rule.ts";
import { violation } from "../values.ts";

export const logGroupsExpire: Rule = {
  name: "log-groups-expire",
  reason: "Logs without an end cost more every month and hold what should be gone.",
  fix: "set retentionInDays",
  severity: "low",
  link: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }) => {
    const days = props["retentionInDays"];
    return type !== "aws:cloudwatch/logGroup:LogGroup" || (typeof days === "number" && days > 0)
      ? []
      : [violation(["retentionInDays"], days, "must be a number of days")];
  },
};
