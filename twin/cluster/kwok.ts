import { parseAllDocuments, stringify } from "yaml";
import { z } from "zod";

/** A Stage of KWOK (kwok.x-k8s.io/v1alpha1), as far as it is changed here. */
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
 * KWOK's configuration: its own stages (nodes become ready, Pods become ready at once, a Job's Pod completes, a deleted
 * Pod goes), changed where the twin differs. A kubelet without a machine.
 *
 * @param ownStages YAML documents as KWOK's own release has them
 * @param processPod jq program that yields something for a Pod that runs as processes of this machine. KWOK leaves such
 * Pods alone, or the two kubelets would overwrite each other's status.
 */
export function kwokConfiguration(ownStages: string, processPod: string): string {
  const stages = parseAllDocuments(ownStages).map((document) => Stage.parse(document.toJS()));
  if (!stages.some(({ metadata }) => metadata.name === heartbeat)) {
    throw new Error(
      `KWOK's own stages have no ${heartbeat}. Fix: name its heartbeat in twin/cluster/kwok.ts, or nodes go silent.`,
    );
  }
  return [...stages.map(withFrequentHeartbeat), podReadyAgain]
    .map((stage) => forSimulatedPods(stage, processPod))
    .map((stage) => stringify(stage))
    .join("---\n");
}

/**
 * KWOK means its slow heartbeat to go with leases. Here it replaces them: a KWOK that was killed holds its leases until
 * they expire, and until then the next one ignores the nodes' Pods.
 */
function withFrequentHeartbeat(stage: Stage): Stage {
  if (stage.metadata.name !== heartbeat) return stage;
  return { ...stage, spec: { ...stage.spec, delay: { durationMilliseconds: heartbeatMs } } };
}

function forSimulatedPods(stage: Stage, processPod: string): Stage {
  const { resourceRef, selector } = stage.spec;
  if (resourceRef.kind !== "Pod") return stage;
  const matchExpressions = [
    { key: processPod, operator: "DoesNotExist" as const },
    ...selector.matchExpressions,
  ];
  return { ...stage, spec: { ...stage.spec, selector: { matchExpressions } } };
}

/** Pods whose node was given up (the machine slept) and came back: they were marked as not ready, and KWOK does not look again. */
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
      // A Go template that renders to YAML; the functions are KWOK's.
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
