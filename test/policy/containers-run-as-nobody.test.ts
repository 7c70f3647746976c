import { containersRunAsNobody } from "../../policy/rules/containers-run-as-nobody.ts";
import { container, deployment, describeRule } from "./support.ts";

const where = "spec.template.spec.containers[0].securityContext";

describeRule(containersRunAsNobody, "workload", deployment, [
  {
    title: "refuses a Pod that may be root",
    at: ["spec", "template", "spec", "securityContext", "runAsNonRoot"],
    value: undefined,
    expected: [`${where}.runAsNonRoot: found nothing; must be true`],
  },
  {
    title: "refuses a container that says otherwise than its Pod",
    at: [...container, "securityContext", "runAsNonRoot"],
    value: false,
    expected: [`${where}.runAsNonRoot: found false; must be true`],
  },
  {
    title: "takes a container that says it alone",
    at: ["spec", "template", "spec"],
    value: { containers: [{ securityContext: { runAsNonRoot: true } }] },
    expected: [],
  },
  {
    title: "refuses the number of root",
    at: ["spec", "template", "spec", "securityContext", "runAsUser"],
    value: 0,
    expected: [`${where}.runAsUser: found 0; must not be root`],
  },
  {
    title: "looks at what runs before, too",
    at: ["spec", "template", "spec", "initContainers"],
    value: [{ securityContext: { runAsNonRoot: false } }],
    expected: [
      "spec.template.spec.initContainers[0].securityContext.runAsNonRoot: found false; must be true",
    ],
  },
  {
    title: "finds the Pod of a CronJob",
    at: [],
    value: {
      kind: "CronJob",
      spec: { jobTemplate: { spec: { template: { spec: { containers: [{}] } } } } },
    },
    expected: [
      "spec.jobTemplate.spec.template.spec.containers[0].securityContext.runAsNonRoot: found nothing; must be true",
    ],
  },
  {
    title: "finds the Pod of a Pod",
    at: [],
    value: { kind: "Pod", spec: { containers: [{}] } },
    expected: ["spec.containers[0].securityContext.runAsNonRoot: found nothing; must be true"],
  },
  { title: "ignores resources that run no Pod", at: ["kind"], value: "Service", expected: [] },
]);
