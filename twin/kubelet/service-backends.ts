import { standInApps } from "../cluster/workloads.ts";
import type { Pod, Service } from "./pod.ts";
import { containerPort } from "./probe.ts";
import type { ServicePort } from "./service-ports.ts";

/** A Pod that may answer for a Service. */
export interface ServingPod {
  readonly pod: Pod;
  /** This machine's port for a container port; undefined while its container is not ready. */
  readyPort(port: number): number | undefined;
}

/**
 * This machine's ports that a Service's port leads to now, by the Service's own selector and target port. Empty for a
 * Service without a selector or without that port.
 */
export function backendPorts(
  { namespace, service, port }: ServicePort,
  { spec }: Service,
  pods: readonly ServingPod[],
): number[] {
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
      return (target === undefined ? undefined : candidate.readyPort(target)) ?? [];
    });
}
