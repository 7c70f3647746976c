import { everywhere, type Rule } from "../rule.ts";
import { shown, violation } from "../values.ts";

export const networksKeepFlowLogs: Rule = {
  name: "networks-keep-flow-logs",
  reason: "After an incident they say who talked to whom.",
  fix: 'give each VPC an aws.ec2.FlowLog of trafficType "ALL"',
  severity: "medium",
  link: "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }) =>
    type === "aws:ec2/flowLog:FlowLog" && props["trafficType"] !== "ALL"
      ? [violation(["trafficType"], props["trafficType"], 'must be "ALL"')]
      : [],
  stack: (resources) => {
    const count = (...types: readonly string[]) =>
      resources.filter(({ type }) => types.includes(type)).length;
    // The component makes the other, which a plan with unknown ids cannot tie to its flow log: they are counted.
    const networks = Math.max(count("aws:ec2/vpc:Vpc"), count("awsx:ec2:Vpc"));
    const logs = count("aws:ec2/flowLog:FlowLog");
    return logs >= networks
      ? []
      : [
          {
            path: "",
            found: shown(logs),
            allowed: `must be a flow log for each of ${networks} VPCs`,
          },
        ];
  },
};
