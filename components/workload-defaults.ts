import { z } from "zod";
import type { Requests } from "../config/argocd-requests.ts";
import type { Manifest } from "../config/release-manifest.ts";

/** What a release's Deployments and StatefulSets lack, as pure functions over its manifest. */

const Container = z.looseObject({ name: z.string() });

/** The parts of a Deployment or a StatefulSet that are read or changed here. */
const Workload = z.looseObject({
  replicas: z.int().optional(),
  selector: z.record(z.string(), z.unknown()),
  template: z.looseObject({
    spec: z.looseObject({
      containers: z.array(Container),
      initContainers: z.array(Container).optional(),
    }),
  }),
});

function workloadOf({ kind, spec }: Manifest): z.infer<typeof Workload> | undefined {
  return kind === "Deployment" || kind === "StatefulSet" ? Workload.parse(spec) : undefined;
}

/**
 * Returns a release with requests for CPU and memory in each container of its workloads.
 * @param requests by the name of a container
 * @throws Error naming the containers that have none: another version may have added them
 */
export function withRequests(
  manifests: readonly Manifest[],
  requests: Readonly<Record<string, Requests>>,
): Manifest[] {
  const missing = new Set<string>();
  const asked = (container: z.infer<typeof Container>) => {
    const wanted = requests[container.name];
    if (!wanted) missing.add(container.name);
    const { cpu = 0, memory = 0 } = wanted ?? {};
    return { ...container, resources: { requests: { cpu: `${cpu}m`, memory: `${memory}Mi` } } };
  };
  const result = manifests.map((manifest) => {
    const spec = workloadOf(manifest);
    if (!spec) return manifest;
    const { spec: pod } = spec.template;
    const { containers, initContainers } = pod;
    const changed = {
      ...pod,
      containers: containers.map(asked),
      ...(initContainers && { initContainers: initContainers.map(asked) }),
    };
    return { ...manifest, spec: { ...spec, template: { ...spec.template, spec: changed } } };
  });
  if (missing.size > 0) {
    throw new Error(
      `The release has containers without requests: ${[...missing].sort().join(", ")}. ` +
        `Fix: add them to config/argocd-requests.ts`,
    );
  }
  return result;
}

/**
 * Returns a disruption budget for each workload of a release that has several replicas: a node's replacement then takes
 * one Pod of it at a time. A workload of one replica gets none, because it could never be moved.
 */
export function budgetsFor(manifests: readonly Manifest[]): Manifest[] {
  return manifests.flatMap((manifest) => {
    const spec = workloadOf(manifest);
    if (!spec || (spec.replicas ?? 1) < 2) return [];
    const { name, namespace } = manifest.metadata;
    return [
      {
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: { name, ...(namespace !== undefined && { namespace }) },
        spec: { maxUnavailable: 1, selector: spec.selector },
      },
    ];
  });
}
