import { containersHaveProbes } from "../../policy/rules/containers-have-probes.ts";
import { container, deployment, describeRule } from "./support.ts";

const where = "spec.template.spec.containers[0]";
const bare = { spec: { template: { spec: { containers: [{}] } } } };
const both = [
  `${where}.readinessProbe: found nothing; must be set`,
  `${where}.livenessProbe: found nothing; must be set`,
];

describeRule(containersHaveProbes, "workload", deployment, [
  {
    title: "refuses no readiness probe",
    at: [...container, "readinessProbe"],
    value: undefined,
    expected: both.slice(0, 1),
  },
  {
    title: "refuses no liveness probe",
    at: [...container, "livenessProbe"],
    value: undefined,
    expected: both.slice(1),
  },
  ...["StatefulSet", "DaemonSet"].map((kind) => ({
    title: `looks at a ${kind}`,
    at: [],
    value: { ...bare, kind },
    expected: both,
  })),
  {
    title: "ignores Pods that run to completion",
    at: [],
    value: { ...bare, kind: "Job" },
    expected: [],
  },
  {
    title: "ignores init containers",
    at: ["spec", "template", "spec", "initContainers"],
    value: [{}],
    expected: [],
  },
]);
