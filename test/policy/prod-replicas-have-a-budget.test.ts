import { prodReplicasHaveABudget } from "../../policy/rules/prod-replicas-have-a-budget.ts";
import { deployment, describeRule } from "./support.ts";

const budget = { kind: "PodDisruptionBudget" };
const one = { ...deployment, spec: { ...deployment.spec, replicas: 1 } };
const scaled = { kind: "HorizontalPodAutoscaler", spec: { minReplicas: 2 } };

describeRule(
  prodReplicasHaveABudget,
  "release",
  [deployment, budget],
  [
    {
      title: "refuses replicas without one",
      at: [],
      value: [deployment],
      expected: ["found 3 replicas without a PodDisruptionBudget; must have one in prod"],
    },
    {
      title: "refuses it of a StatefulSet",
      at: [],
      value: [{ ...deployment, kind: "StatefulSet" }],
      expected: ["found 3 replicas without a PodDisruptionBudget; must have one in prod"],
    },
    {
      title: "counts an autoscaler's least",
      at: [],
      value: [{ kind: "Deployment", spec: {} }, scaled],
      expected: ["found 2 replicas without a PodDisruptionBudget; must have one in prod"],
    },
    { title: "accepts a single replica", at: [], value: [one], expected: [] },
    {
      title: "accepts an autoscaler with a budget",
      at: [],
      value: [one, scaled, budget],
      expected: [],
    },
  ],
);
