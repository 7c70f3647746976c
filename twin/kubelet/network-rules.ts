import { BlockList } from "node:net";
import { portNumber, selects } from "./network-objects.ts";
import type {
  NetworkNamespace,
  NetworkPod,
  NetworkPolicy,
  Peer,
  PolicyPort,
} from "./network-objects.ts";
import type { Rule, RulePort } from "./podbox.ts";

// NetworkPolicies as rules for addresses, by https://kubernetes.io/docs/concepts/services-networking/network-policies/ and
// the comments of the API (k8s.io/api/networking/v1). A rule that allows nobody must vanish: without addresses it would
// allow everybody.

/** A Pod and its address. */
export interface AddressedPod {
  readonly ip: string;
  readonly pod: NetworkPod;
}

/** What policies are read against. */
export interface PolicyWorld {
  readonly pods: readonly AddressedPod[];
  readonly namespaces: readonly NetworkNamespace[];
  readonly policies: readonly NetworkPolicy[];
}

/** Who may call a Pod; undefined for everybody, because no policy isolates the Pod. */
export function ingressRules(subject: AddressedPod, world: PolicyWorld): Rule[] | undefined {
  return policiesFor(subject, world, "Ingress")?.flatMap(({ metadata, spec }) =>
    spec.ingress.flatMap(({ from, ports }) => {
      const own = numbered(ports, subject.pod);
      if (ports.length > 0 && own.length === 0) return [];
      return peerRules(from, metadata.namespace, world, own);
    }),
  );
}

/** Whom a Pod may call; undefined for everybody, because no policy isolates the Pod. */
export function egressRules(subject: AddressedPod, world: PolicyWorld): Rule[] | undefined {
  return policiesFor(subject, world, "Egress")?.flatMap(({ metadata, spec }) =>
    spec.egress.flatMap(({ to, ports }) => {
      const { namespace } = metadata;
      if (ports.length === 0) return peerRules(to, namespace, world, []);
      const named = ports.filter(({ port }) => typeof port === "string");
      const fixed = ports.filter(({ port }) => typeof port !== "string").flatMap(rulePort);
      return [
        ...(fixed.length > 0 ? peerRules(to, namespace, world, fixed) : []),
        ...namedPortRules(to, namespace, world, named),
      ];
    }),
  );
}

/** The policies that isolate a Pod in one direction; undefined when there are none. */
function policiesFor(
  { pod }: AddressedPod,
  { policies }: PolicyWorld,
  type: "Ingress" | "Egress",
): NetworkPolicy[] | undefined {
  const found = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.metadata.namespace &&
      selects(spec.podSelector, pod.metadata.labels) &&
      typesOf(spec).includes(type),
  );
  return found.length === 0 ? undefined : found;
}

/** Without a word of its own, a policy is for ingress, and for egress if it has a rule for that. */
function typesOf({ policyTypes, egress }: NetworkPolicy["spec"]): readonly string[] {
  if (policyTypes.length > 0) return policyTypes;
  return egress.length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
}

/** Rules for peers, each by the same ports; no ports: every port. */
function peerRules(
  peers: readonly Peer[],
  namespace: string,
  world: PolicyWorld,
  ports: readonly RulePort[],
): Rule[] {
  if (peers.length === 0) return [{ cidrs: [], except: [], ports }];
  const blocks = peers.flatMap(({ ipBlock }) => ipBlock ?? []);
  const pods = world.pods.filter(({ pod }) =>
    peers.some((peer) => isSelected(peer, pod, namespace, world)),
  );
  const cidrs = [
    ...blocks.filter(({ except }) => except.length === 0).map(({ cidr }) => cidr),
    ...pods.map(({ ip }) => `${ip}/32`),
  ];
  return [
    ...(cidrs.length === 0 ? [] : [{ cidrs, except: [], ports }]),
    // What one block leaves out another may allow: each has a rule of its own.
    ...blocks
      .filter(({ except }) => except.length > 0)
      .map(({ cidr, except }) => ({ cidrs: [cidr], except, ports })),
  ];
}

/** Rules for ports that each called Pod numbers itself. What is no Pod has no names for its ports. */
function namedPortRules(
  peers: readonly Peer[],
  namespace: string,
  world: PolicyWorld,
  named: readonly PolicyPort[],
): Rule[] {
  return world.pods
    .filter(
      (target) =>
        peers.length === 0 ||
        peers.some(
          (peer) => isInBlock(peer, target.ip) || isSelected(peer, target.pod, namespace, world),
        ),
    )
    .flatMap(({ ip, pod }) => {
      const ports = numbered(named, pod);
      return ports.length === 0 ? [] : [{ cidrs: [`${ip}/32`], except: [], ports }];
    });
}

/** Whether a peer's selectors select a Pod. Without a selector for namespaces, the policy's own is meant. */
function isSelected(
  { podSelector, namespaceSelector }: Peer,
  { metadata }: NetworkPod,
  namespace: string,
  { namespaces }: PolicyWorld,
): boolean {
  if (podSelector === undefined && namespaceSelector === undefined) return false;
  if (podSelector !== undefined && !selects(podSelector, metadata.labels)) return false;
  if (namespaceSelector === undefined) return metadata.namespace === namespace;
  const own = namespaces.find((candidate) => candidate.metadata.name === metadata.namespace);
  return own !== undefined && selects(namespaceSelector, own.metadata.labels);
}

function isInBlock({ ipBlock }: Peer, ip: string): boolean {
  return ipBlock !== undefined && isIn([ipBlock.cidr], ip) && !isIn(ipBlock.except, ip);
}

function isIn(cidrs: readonly string[], ip: string): boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = "", prefix] = cidr.split("/");
    list.addSubnet(network, Number(prefix), network.includes(":") ? "ipv6" : "ipv4");
  }
  return list.check(ip);
}

/** The ports as the called Pod numbers them, without those that it does not have. */
function numbered(ports: readonly PolicyPort[], called: NetworkPod): RulePort[] {
  return ports.flatMap((entry) => {
    const { port, protocol } = entry;
    if (typeof port !== "string") return rulePort(entry);
    const found = portNumber(port, protocol, called);
    return found === undefined ? [] : rulePort({ protocol, port: found });
  });
}

function rulePort({ protocol, port = 0, endPort }: PolicyPort): RulePort[] {
  return typeof port === "string" ? [] : [{ protocol, port, endPort: endPort ?? port }];
}
