import { parseAllDocuments, stringify } from "yaml";
import { z } from "zod";

/** The parts of a KWOK Stage (kwok.x-k8s.io/v1alpha1) that are changed here. */
const Stage = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    resourceRef: z.looseObject({ kind: z.string() }),
    selector: z.looseObject({
      /** `key` is a jq program over the object. */
      matchExpressions: z.array(
        z.strictObject({
          key: z.string(),
          operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
          values: z.array(z.string()).optional(),
        }),
      ),
    }),
  }),
});
type Stage = z.infer<typeof Stage>;

const heartbeat = "node-heartbeat-with-lease";
const heartbeatMs = 60_000;

/**
 * Returns KWOK's configuration: its own stages, changed where the twin differs. The stages act as a kubelet without a
 * machine: nodes and Pods become ready immediately, a Job's Pod completes, a deleted Pod goes away.
 *
 * @param ownStages the YAML documents of KWOK's own release
 * @param realPods jq programs that yield something for a Pod that runs on this machine. KWOK leaves such Pods alone, or the
 * two kubelets would overwrite each other's status.
 */
export function kwokConfiguration(ownStages: string, realPods: readonly string[]): string {
  const realPod = realPods.map((query) => `(${query})`).join(", ");
  const stages = parseAllDocuments(ownStages).map((document) => Stage.parse(document.toJS()));
  if (!stages.some(({ metadata }) => metadata.name === heartbeat)) {
    throw new Error(
      `KWOK's own stages have no ${heartbeat}. Fix: in twin/cluster/kwok.ts name the stage that is its heartbeat; without one, nodes stop reporting.`,
    );
  }
  return [...stages.map(withFrequentHeartbeat), podReadyAgain]
    .map((stage) => forSimulatedPods(stage, realPod))
    .map((stage) => stringify(stage))
    .join("---\n");
}

/**
 * Returns the heartbeat stage with a shorter interval. KWOK's slow heartbeat is meant to be used with leases; here it
 * replaces them. A killed KWOK would hold its leases until they expire, and until then the next KWOK would ignore the
 * nodes' Pods.
 */
function withFrequentHeartbeat(stage: Stage): Stage {
  if (stage.metadata.name !== heartbeat) return stage;
  return { ...stage, spec: { ...stage.spec, delay: { durationMilliseconds: heartbeatMs } } };
}

function forSimulatedPods(stage: Stage, realPod: string): Stage {
  const { resourceRef, selector } = stage.spec;
  if (resourceRef.kind !== "Pod") return stage;
  const matchExpressions = [
    { key: realPod, operator: "DoesNotExist" as const },
    ...selector.matchExpressions,
  ];
  return { ...stage, spec: { ...stage.spec, selector: { matchExpressions } } };
}

/** Makes Pods ready again when their node returns, for example after the machine slept. KWOK would not check them again. */
const podReadyAgain: Stage = {
  apiVersion: "kwok.x-k8s.io/v1alpha1",
  kind: "Stage",
  metadata: { name: "pod-ready-again" },
  spec: {
    resourceRef: { apiGroup: "v1", kind: "Pod" },
    selector: {
      matchExpressions: [
        { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" },
        { key: ".status.phase", operator: "In", values: ["Running"] },
        {
          key: '.status.conditions.[] | select(.type == "Ready") | .status',
          operator: "NotIn",
          values: ["True"],
        },
      ],
    },
    next: {
      // A Go template that renders YAML and uses KWOK's functions.
      statusTemplate: [
        "conditions:",
        '{{ range list "Initialized" "ContainersReady" "Ready" }}',
        "- type: {{ . | Quote }}",
        '  status: "True"',
        "  lastTransitionTime: {{ Now | Quote }}",
        "{{ end }}",
        "",
      ].join("\n"),
    },
  },
};
