import { containersHaveNoPrivilege } from "../../policy/rules/containers-have-no-privilege.ts";
import { container, deployment, describeRule } from "./support.ts";

const where = "spec.template.spec.containers[0].securityContext";
const security = [...container, "securityContext"];

describeRule(containersHaveNoPrivilege, "workload", deployment, [
  {
    title: "refuses a privileged container",
    at: [...security, "privileged"],
    value: true,
    expected: [`${where}.privileged: found true; must not be there`],
  },
  { title: "takes a plain no", at: [...security, "privileged"], value: false, expected: [] },
  {
    title: "refuses the default, by which it may gain privilege",
    at: [...security, "allowPrivilegeEscalation"],
    value: undefined,
    expected: [`${where}.allowPrivilegeEscalation: found nothing; must be false`],
  },
  {
    title: "refuses the runtime's capabilities",
    at: [...security, "capabilities", "drop"],
    value: ["NET_RAW"],
    expected: [`${where}.capabilities.drop: found ["NET_RAW"]; must hold ALL`],
  },
  {
    title: "refuses capabilities on top",
    at: [...security, "capabilities", "add"],
    value: ["SYS_ADMIN"],
    expected: [`${where}.capabilities.add: found ["SYS_ADMIN"]; must not be there`],
  },
  ...["hostNetwork", "hostPID", "hostIPC"].flatMap((key) => [
    {
      title: `refuses ${key}`,
      at: ["spec", "template", "spec", key],
      value: true,
      expected: [`spec.template.spec.${key}: found true; must not be there`],
    },
    { title: `takes no ${key}`, at: ["spec", "template", "spec", key], value: false, expected: [] },
  ]),
  { title: "ignores resources that run no Pod", at: ["kind"], value: "Service", expected: [] },
]);
