import { stringify } from "yaml";

/** A Stage selector's requirement (kwok.x-k8s.io/v1alpha1). `key` is a jq program over the object. */
interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

const isDeleted = ".metadata.deletionTimestamp";

/**
 * What KWOK does with Nodes and Pods: nodes become ready, Pods become ready at once, a Job's Pod completes, a deleted Pod
 * goes. A kubelet without a machine.
 *
 * @param processPod jq program that yields something for a Pod that runs as processes of this machine. KWOK leaves such
 * Pods alone, or its word and the process kubelet's would overwrite each other.
 */
export function kwokConfiguration(processPod: string): string {
  const simulated: Requirement = { key: processPod, operator: "DoesNotExist" };
  const documents = [
    stage(
      "node-ready",
      "Node",
      [
        {
          key: '.status.conditions.[] | select(.type == "Ready") | .status',
          operator: "NotIn",
          values: ["True"],
        },
      ],
      { statusTemplate: nodeReady },
    ),
    // Leases would do the same, but a KWOK that was killed holds its leases until they expire, and until then the next
    // one leaves the nodes' Pods alone.
    stage(
      "node-heartbeat",
      "Node",
      [
        {
          key: '.status.conditions.[] | select(.type == "Ready") | .status',
          operator: "In",
          values: ["True"],
        },
      ],
      { statusTemplate: nodeReady },
      60_000,
    ),
    stage(
      "pod-ready",
      "Pod",
      [
        simulated,
        { key: isDeleted, operator: "DoesNotExist" },
        { key: ".status.phase", operator: "In", values: ["Pending"] },
      ],
      { statusTemplate: podReady },
    ),
    // A node that was given up (the machine slept) and came back: its Pods were marked as not ready.
    stage(
      "pod-ready-again",
      "Pod",
      [
        simulated,
        { key: isDeleted, operator: "DoesNotExist" },
        { key: ".status.phase", operator: "In", values: ["Running"] },
        {
          key: '.status.conditions.[] | select(.type == "Ready") | .status',
          operator: "NotIn",
          values: ["True"],
        },
      ],
      { statusTemplate: readyConditions },
    ),
    stage(
      "pod-complete",
      "Pod",
      [
        simulated,
        { key: isDeleted, operator: "DoesNotExist" },
        { key: ".status.phase", operator: "In", values: ["Running"] },
        { key: ".metadata.ownerReferences.[].kind", operator: "In", values: ["Job"] },
      ],
      { statusTemplate: podComplete },
    ),
    stage("pod-delete", "Pod", [simulated, { key: isDeleted, operator: "Exists" }], {
      delete: true,
    }),
  ];
  return documents.map((document) => stringify(document)).join("---\n");
}

function stage(
  name: string,
  kind: string,
  matchExpressions: readonly Requirement[],
  next: { statusTemplate: string } | { delete: true },
  delayMs = 0,
) {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: "v1", kind },
      selector: { matchExpressions },
      ...(delayMs > 0 && { delay: { durationMilliseconds: delayMs } }),
      next,
    },
  };
}

// Go templates that render to YAML; the functions are KWOK's.
const nodeReady = `
{{ $created := .metadata.creationTimestamp }}
phase: Running
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ $created | Quote }}
{{ end }}
`;

const readyConditions = `
conditions:
{{ range $type := list "Initialized" "ContainersReady" "Ready" }}
- type: {{ $type | Quote }}
  status: "True"
  lastTransitionTime: {{ Now | Quote }}
{{ end }}
`;

const podReady = `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
{{ $ip := PodIPWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") (or .metadata.namespace "") }}
podIP: {{ $ip | Quote }}
podIPs:
- ip: {{ $ip | Quote }}
${readyConditions}
{{ range .spec.readinessGates }}
- type: {{ .conditionType | Quote }}
  status: "True"
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
{{ if .spec.initContainers }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  restartCount: 0
  state:
    {{ if eq (or .restartPolicy "") "Always" }}
    running:
      startedAt: {{ $now | Quote }}
    {{ else }}
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
    {{ end }}
{{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  started: true
  restartCount: 0
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}
`;

const podComplete = `
{{ $now := Now }}
phase: Succeeded
conditions:
{{ range $type := list "ContainersReady" "Ready" }}
- type: {{ $type | Quote }}
  status: "False"
  reason: PodCompleted
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: false
  started: false
  restartCount: 0
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
{{ end }}
`;
