import { hasLabels, portNumber } from "./network-objects.ts";
import type {
  NetworkNamespace,
  NetworkPod,
  NetworkPolicy,
  NetworkService,
} from "./network-objects.ts";
import { egressRules, ingressRules } from "./network-rules.ts";
import type { AddressedPod } from "./network-rules.ts";
import type { Rule, Table } from "./podbox.ts";

/** What the network is made from: the API's objects, and what lies outside the cluster. */
export interface NetworkObjects {
  readonly services: readonly NetworkService[];
  /** The Pods that run. One that is simulated answers nobody: it must not be here. */
  readonly pods: readonly NetworkPod[];
  readonly namespaces: readonly NetworkNamespace[];
  readonly policies: readonly NetworkPolicy[];
  /** This machine's `127.0.0.1:<port>` by `<name or address>:<port>`, such as that of a database. */
  readonly outside: Readonly<Record<string, string>>;
}

/** Where Pods ask for names: the tenth address of the Services' range (cluster/parts.ts), as on EKS. */
export const dnsAddress = "172.20.0.10";

const domain = "svc.cluster.local";

/**
 * The network of a cluster's Pods, for podbox: cluster DNS, kube-proxy and the network policies as they are now. The same
 * objects in another order give the same table.
 *
 * Left out is what podbox does not carry: all but TCP, and IPv6. A Service without a selector has a name and no Pods: what
 * answers for it, as for the API server's own Service, is `outside`.
 */
export function networkTable(objects: NetworkObjects): Table {
  const services = objects.services
    .filter(({ spec }) => spec.type !== "ExternalName")
    .toSorted(byName);
  const pods = objects.pods.toSorted(byName).flatMap(addressed);
  const world = {
    pods,
    namespaces: objects.namespaces,
    policies: objects.policies.toSorted(byName),
  };
  const backends = services.flatMap((service) => backendsOf(service, pods));
  return {
    dns: dnsAddress,
    names: Object.fromEntries(services.flatMap((service) => namesOf(service, pods))),
    services: Object.fromEntries(backends),
    host: objects.outside,
    ports: directPorts(pods, backends),
    egress: rulesByAddress(pods, (pod) => egressRules(pod, world)),
    ingress: rulesByAddress(pods, (pod) => ingressRules(pod, world)),
  };
}

interface Named {
  readonly metadata: { readonly namespace: string; readonly name: string };
}

function byName({ metadata: a }: Named, { metadata: b }: Named): number {
  const [one, two] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`];
  return one < two ? -1 : one > two ? 1 : 0;
}

/** The Pod if it has an address of IPv4; one that has ended has none, the address may be another Pod's. */
function addressed(pod: NetworkPod): AddressedPod[] {
  const { podIP, phase } = pod.status ?? {};
  const hasEnded = phase === "Succeeded" || phase === "Failed";
  return isIPv4(podIP) && !hasEnded ? [{ ip: podIP, pod }] : [];
}

/** The Pods that answer for a Service: those that are ready and do not end. */
function servingPods({ metadata, spec }: NetworkService, pods: readonly AddressedPod[]) {
  if (Object.keys(spec.selector).length === 0) return [];
  return pods.filter(
    ({ pod }) =>
      pod.metadata.namespace === metadata.namespace &&
      hasLabels(pod.metadata.labels, spec.selector) &&
      (spec.publishNotReadyAddresses || isReady(pod)),
  );
}

function isReady({ metadata, status }: NetworkPod): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    status?.conditions.some((found) => found.type === "Ready" && found.status === "True") === true
  );
}

function namesOf(
  service: NetworkService,
  pods: readonly AddressedPod[],
): [name: string, addresses: string[]][] {
  const { metadata, spec } = service;
  const name = `${metadata.name}.${metadata.namespace}.${domain}`;
  if (spec.clusterIP !== "None") return isIPv4(spec.clusterIP) ? [[name, [spec.clusterIP]]] : [];
  const serving = servingPods(service, pods);
  return [
    [name, serving.map(({ ip }) => ip)],
    // A Pod of a StatefulSet has a name of its own below its Service's.
    ...serving.flatMap(({ ip, pod }): [string, string[]][] => {
      const { hostname, subdomain } = pod.spec;
      return hostname !== undefined && subdomain === metadata.name
        ? [[`${hostname}.${name}`, [ip]]]
        : [];
    }),
  ];
}

function isIPv4(address: string | undefined): address is string {
  return address !== undefined && /^\d+(\.\d+){3}$/.test(address);
}

function backendsOf(
  service: NetworkService,
  pods: readonly AddressedPod[],
): [address: string, backends: string[]][] {
  const { clusterIP, selector, ports } = service.spec;
  if (!isIPv4(clusterIP) || Object.keys(selector).length === 0) return [];
  const serving = servingPods(service, pods);
  return ports
    .filter(({ protocol }) => protocol === "TCP")
    .map(({ port, protocol, targetPort = port }) => [
      `${clusterIP}:${port}`,
      serving.flatMap(({ ip, pod }) => {
        const target = portNumber(targetPort, protocol, pod);
        return target === undefined ? [] : [`${ip}:${target}`];
      }),
    ]);
}

/** The ports that Pods declare, and those that Services lead to. Nothing listens on the others. */
function directPorts(
  pods: readonly AddressedPod[],
  backends: readonly (readonly [string, readonly string[]])[],
): number[] {
  const declared = pods
    .flatMap(({ pod }) => pod.spec.containers.flatMap(({ ports }) => ports))
    .filter(({ protocol }) => protocol === "TCP")
    .map(({ containerPort }) => containerPort);
  const targets = backends.flatMap(([, addresses]) =>
    addresses.map((address) => Number(address.split(":")[1])),
  );
  return [...new Set([...declared, ...targets])].sort((a, b) => a - b);
}

function rulesByAddress(
  pods: readonly AddressedPod[],
  rulesOf: (pod: AddressedPod) => Rule[] | undefined,
): Record<string, Rule[]> {
  return Object.fromEntries(
    pods.flatMap((pod) => {
      const rules = rulesOf(pod);
      return rules === undefined ? [] : [[pod.ip, rules]];
    }),
  );
}
