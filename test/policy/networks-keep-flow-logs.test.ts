import { networksKeepFlowLogs } from "../../policy/rules/networks-keep-flow-logs.ts";
import { describeRule, resource } from "./support.ts";

describeRule(
  networksKeepFlowLogs,
  "resource",
  resource("aws:ec2/flowLog:FlowLog", { trafficType: "ALL" }),
  [
    {
      title: "refuses half of the traffic",
      at: ["props", "trafficType"],
      value: "REJECT",
      expected: ['trafficType: found "REJECT"; must be "ALL"'],
    },
    {
      title: "ignores other types",
      at: [],
      value: resource("aws:ec2/vpc:Vpc", {}),
      expected: [],
    },
  ],
);

const [component, vpc, log] = [
  resource("awsx:ec2:Vpc", {}),
  resource("aws:ec2/vpc:Vpc", {}),
  resource("aws:ec2/flowLog:FlowLog", {}),
];
describeRule(
  networksKeepFlowLogs,
  "stack",
  [component, vpc, log],
  [
    {
      title: "refuses a VPC without one",
      at: [],
      value: [vpc],
      expected: ["found 0; must be a flow log for each of 1 VPCs"],
    },
    {
      title: "refuses one for two VPCs",
      at: [],
      value: [component, vpc, vpc, log],
      expected: ["found 1; must be a flow log for each of 2 VPCs"],
    },
    {
      title: "counts a component whose VPC is not there yet",
      at: [],
      value: [component],
      expected: ["found 0; must be a flow log for each of 1 VPCs"],
    },
    { title: "accepts a stack without a VPC", at: [], value: [], expected: [] },
  ],
);
