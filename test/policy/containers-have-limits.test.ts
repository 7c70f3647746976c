import { containersHaveLimits } from "../../policy/rules/containers-have-limits.ts";
import { container, deployment, describeRule } from "./support.ts";

const where = "spec.template.spec.containers[0].resources";

describeRule(containersHaveLimits, "workload", deployment, [
  {
    title: "refuses a container without any",
    at: [...container, "resources"],
    value: undefined,
    expected: [
      `${where}.limits.memory: found nothing; must be set`,
      `${where}.requests.cpu: found nothing; must be set`,
      `${where}.requests.memory: found nothing; must be set`,
    ],
  },
  {
    title: "takes a CPU limit, which nobody asks for",
    at: [...container, "resources", "limits", "cpu"],
    value: 1,
    expected: [],
  },
]);
