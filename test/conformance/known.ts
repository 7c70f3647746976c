import type { Known } from "./compare.ts";

/** The differences between doubles and real components that are accepted, as measured in November 2026. */
export const known: readonly Known[] = [
  {
    resource: "pulumi:providers:kubernetes idp-cluster-eks-k8s",
    what: "inputs.version",
    why: "eks 4.3.0 brings a Kubernetes SDK of its own, 4.19.0; the twin has one Kubernetes provider",
  },
];
