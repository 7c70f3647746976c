import { plansHideNothing } from "../../policy/rules/plans-hide-nothing.ts";
import { describeRule, resource } from "./support.ts";

describeRule(plansHideNothing, "resource", resource("kubernetes:core/v1:ConfigMap", {}), [
  ...[
    "kubernetes:helm.sh/v3:Release",
    "command:local:Command",
    "pulumi-nodejs:dynamic:Resource",
    "pulumi-nodejs:dynamic/sub:Resource",
    "null:index:Resource",
    "terraform:state:Reference",
  ].map((type) => ({
    title: `refuses ${type}`,
    at: ["type"],
    value: type,
    expected: [`found "${type}"; must not be there: its effect is not in the plan`],
  })),
  {
    title: "takes a chart whose objects are in the plan",
    at: ["type"],
    value: "kubernetes:helm.sh/v4:Chart",
    expected: [],
  },
]);
