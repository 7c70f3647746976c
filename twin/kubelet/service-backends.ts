import { standInApps } from "../cluster/workloads.ts";
import type { Pod, Service } from "./pod.ts";
import { containerPort } from "./probe.ts";
import type { Dial } from "./runtime.ts";
import type { ServicePort } from "../cluster/ports-file.ts";

/** A Pod that may answer for a Service. */
export interface ServingPod {
  readonly pod: Pod;
  /** How to connect to a container port; undefined while its container is not ready. */
  readyDial(port: number): Dial | undefined;
}

/**
 * The connections that a Service's port leads to now, by the Service's own selector and target port. Empty for a
 * Service without a selector or without that port.
 */
export function backends(
  { namespace, service, port }: ServicePort,
  { spec }: Service,
  pods: readonly ServingPod[],
): Dial[] {
  const servicePort = spec.ports.find((candidate) => candidate.port === port);
  if (spec.selector === undefined || servicePort === undefined) return [];
  const { targetPort = port } = servicePort;
  const standIn = standInApps[service];
  const labels = Object.entries(
    standIn === undefined ? spec.selector : { "app.kubernetes.io/name": standIn },
  );
  return pods
    .filter(({ pod: { metadata } }) => metadata.namespace === namespace)
    .filter(({ pod: { metadata } }) =>
      labels.every(([key, value]) => metadata.labels[key] === value),
    )
    .flatMap((candidate) => {
      const [target] = candidate.pod.spec.containers.flatMap(
        (container) => containerPort(targetPort, container) ?? [],
      );
      return (target === undefined ? undefined : candidate.readyDial(target)) ?? [];
    });
}
