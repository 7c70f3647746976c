import { expect } from "chai";
import fc from "fast-check";
import { dnsAddress, networkTable } from "../../../twin/kubelet/cluster-network.ts";
import {
  NetworkNamespace,
  NetworkPod,
  NetworkPolicy,
  NetworkService,
} from "../../../twin/kubelet/network-objects.ts";
import type { Rule, Table } from "../../../twin/kubelet/podbox.ts";

type Labels = Record<string, string>;

interface TestPort {
  name?: string;
  containerPort: number;
  protocol?: string;
}

interface TestPod {
  name: string;
  namespace: string;
  ip: string;
  labels: Labels;
  ports: TestPort[];
}

interface TestSelector {
  matchLabels?: Labels;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

interface TestPeer {
  podSelector?: TestSelector;
  namespaceSelector?: TestSelector;
  ipBlock?: { cidr: string; except?: string[] };
}

interface TestPolicyPort {
  protocol?: string;
  port?: number | string;
  endPort?: number;
}

interface TestPolicy {
  namespace: string;
  podSelector: TestSelector;
  policyTypes?: string[];
  ingress?: { from?: TestPeer[]; ports?: TestPolicyPort[] }[];
  egress?: { to?: TestPeer[]; ports?: TestPolicyPort[] }[];
}

const web: TestPod = {
  name: "web-0",
  namespace: "shop",
  ip: "10.245.0.1",
  labels: { app: "web" },
  ports: [{ name: "http", containerPort: 8080 }],
};
const db: TestPod = {
  name: "db-0",
  namespace: "shop",
  ip: "10.245.0.2",
  labels: { app: "db" },
  ports: [
    { name: "sql", containerPort: 5432 },
    { name: "http", containerPort: 9187 },
    { name: "dns", containerPort: 53, protocol: "UDP" },
  ],
};
const other: TestPod = {
  name: "web-0",
  namespace: "bank",
  ip: "10.245.0.3",
  labels: { app: "web" },
  ports: [{ name: "http", containerPort: 8081 }],
};
const testPods = [web, db, other];
const testNamespaces: Record<string, Labels> = {
  shop: { "kubernetes.io/metadata.name": "shop", team: "a" },
  bank: { "kubernetes.io/metadata.name": "bank", team: "b" },
};

/** The Pod as the API has it; ready and running unless its status says otherwise. */
function podOf(pod: TestPod, metadata: object = {}, status: object = {}, spec: object = {}) {
  const { name, namespace, labels, ports, ip } = pod;
  return NetworkPod.parse({
    metadata: { name, namespace, labels, ...metadata },
    spec: { containers: [{ name: "c", ports }], ...spec },
    status: {
      phase: "Running",
      podIP: ip,
      conditions: [{ type: "Ready", status: "True" }],
      ...status,
    },
  });
}

function serviceOf(name: string, spec: object, namespace = "shop") {
  return NetworkService.parse({ metadata: { name, namespace }, spec });
}

function policyOf({ namespace, ...spec }: TestPolicy, index = 0) {
  return NetworkPolicy.parse({ metadata: { name: `p${index}`, namespace }, spec });
}

function tableOf(parts: {
  services?: NetworkService[];
  pods?: NetworkPod[];
  policies?: TestPolicy[];
  outside?: Record<string, string>;
  namespaces?: Record<string, Labels>;
}): Table {
  const { services = [], policies = [], outside = {}, namespaces = testNamespaces } = parts;
  return networkTable({
    services,
    pods: parts.pods ?? testPods.map((pod) => podOf(pod)),
    namespaces: Object.entries(namespaces).map(([name, labels]) =>
      NetworkNamespace.parse({ metadata: { name, labels } }),
    ),
    policies: policies.map(policyOf),
    outside,
  });
}

describe("networkTable", () => {
  it("has the tenth address of the Services' range for DNS", () => {
    expect(tableOf({}).dns).to.equal("172.20.0.10");
    expect(dnsAddress).to.equal("172.20.0.10");
  });

  it("is empty without objects", () => {
    expect(tableOf({ pods: [] })).to.deep.equal({
      dns: dnsAddress,
      names: {},
      services: {},
      host: {},
      ports: [],
      egress: {},
      ingress: {},
    });
  });

  it("hands on what lies outside", () => {
    const outside = { "orders.rds.amazonaws.com:5432": "127.0.0.1:15432" };
    expect(tableOf({ outside }).host).to.deep.equal(outside);
  });

  it("leads a Service to its ready Pods, by number or each Pod's own name of the port", () => {
    const everybody = { ...db, labels: { app: "web" } };
    const table = tableOf({
      pods: [podOf(web), podOf(everybody), podOf(other)],
      services: [
        serviceOf("web", {
          clusterIP: "172.20.3.4",
          selector: { app: "web" },
          ports: [
            { name: "http", port: 80, targetPort: "http" },
            { name: "same", port: 8080 },
            { name: "sql", port: 5432, targetPort: "sql", protocol: "TCP" },
            { name: "dns", port: 53, targetPort: "dns" },
            { name: "udp", port: 53, protocol: "UDP", targetPort: "dns" },
          ],
        }),
      ],
    });
    expect(table.names).to.deep.equal({ "web.shop.svc.cluster.local": ["172.20.3.4"] });
    expect(table.services).to.deep.equal({
      "172.20.3.4:80": ["10.245.0.2:9187", "10.245.0.1:8080"],
      "172.20.3.4:8080": ["10.245.0.2:8080", "10.245.0.1:8080"],
      "172.20.3.4:5432": ["10.245.0.2:5432"],
      // The Pod's port of this name is UDP.
      "172.20.3.4:53": [],
    });
    expect(table.ports).to.deep.equal([5432, 8080, 8081, 9187]);
  });

  it("lists a port that no Pod declares and a Service leads to", () => {
    const { ports } = tableOf({
      pods: [podOf({ ...web, ports: [] })],
      services: [
        serviceOf("web", {
          clusterIP: "172.20.3.4",
          selector: { app: "web" },
          ports: [{ port: 80, targetPort: 7000 }],
        }),
      ],
    });
    expect(ports).to.deep.equal([7000]);
  });

  it("leads to no Pod that is not ready, ends, has ended or has no address of IPv4", () => {
    const unready = { conditions: [{ type: "Ready", status: "False" }] };
    const pods = [
      podOf(web, {}, unready),
      podOf(web, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      podOf(web, {}, { phase: "Succeeded" }),
      podOf(web, {}, { phase: "Failed" }),
      podOf(web, {}, { podIP: undefined }),
      podOf(web, {}, { podIP: "" }),
      podOf(web, {}, { podIP: "fd00::7" }),
      podOf(web, {}, { conditions: undefined }),
    ];
    const ports = [{ port: 80, targetPort: "http" }];
    const spec = { clusterIP: "172.20.3.4", selector: { app: "web" }, ports };
    expect(tableOf({ pods, services: [serviceOf("web", spec)] }).services).to.deep.equal({
      "172.20.3.4:80": [],
    });
    const [first] = pods;
    const early = serviceOf("web", { ...spec, publishNotReadyAddresses: true });
    expect(tableOf({ pods: first ? [first] : [], services: [early] }).services).to.deep.equal({
      "172.20.3.4:80": ["10.245.0.1:8080"],
    });
  });

  it("names the Pods of a headless Service, and each by its host name", () => {
    const spec = { clusterIP: "None", selector: { app: "web" }, ports: [{ port: 8080 }] };
    const table = tableOf({
      pods: [
        podOf(web, {}, {}, { hostname: "web-0", subdomain: "peers" }),
        podOf(
          { ...web, name: "web-1", ip: "10.245.0.4" },
          {},
          {},
          { hostname: "x", subdomain: "y" },
        ),
        podOf({ ...web, name: "web-2", ip: "10.245.0.5" }, {}, {}, { subdomain: "peers" }),
      ],
      services: [
        serviceOf("peers", spec),
        serviceOf("nobody", { ...spec, selector: { app: "no" } }),
      ],
    });
    expect(table.names).to.deep.equal({
      "nobody.shop.svc.cluster.local": [],
      "peers.shop.svc.cluster.local": ["10.245.0.1", "10.245.0.4", "10.245.0.5"],
      "web-0.peers.shop.svc.cluster.local": ["10.245.0.1"],
    });
    expect(table.services).to.deep.equal({});
  });

  it("names the API server, and leaves open who answers for a Service without a selector", () => {
    const kubernetes = serviceOf(
      "kubernetes",
      { clusterIP: "172.20.0.1", ports: [{ port: 443, targetPort: 6443 }] },
      "default",
    );
    const table = tableOf({ services: [kubernetes] });
    expect(table.names).to.deep.equal({ "kubernetes.default.svc.cluster.local": ["172.20.0.1"] });
    expect(table.services).to.deep.equal({});
  });

  it("skips Services of type ExternalName, without an address, or of IPv6", () => {
    const ports = [{ port: 80 }];
    const services = [
      serviceOf("a", { type: "ExternalName", externalName: "localhost", clusterIP: "172.20.0.9" }),
      serviceOf("b", { selector: { app: "web" }, ports }),
      serviceOf("c", { clusterIP: "fd00::1", selector: { app: "web" }, ports }),
    ];
    const { names, services: found } = tableOf({ services });
    expect({ names, found }).to.deep.equal({ names: {}, found: {} });
  });

  it("is the same for the same objects in another order", () => {
    const pods = testPods.map((pod) => podOf(pod));
    const services = ["b", "a"].map((name, index) =>
      serviceOf(name, {
        clusterIP: `172.20.3.${index}`,
        selector: { app: "web" },
        ports: [{ port: 80 }],
      }),
    );
    const objects = {
      pods,
      services,
      namespaces: [],
      outside: {},
      policies: [
        policyOf({ namespace: "shop", podSelector: {}, ingress: [{}] }, 1),
        policyOf(
          { namespace: "shop", podSelector: {}, egress: [{ to: [{ podSelector: {} }] }] },
          2,
        ),
      ],
    };
    const reversed = {
      ...objects,
      pods: pods.toReversed(),
      services: services.toReversed(),
      policies: objects.policies.toReversed(),
    };
    expect(JSON.stringify(networkTable(reversed))).to.equal(JSON.stringify(networkTable(objects)));
  });

  describe("policies", () => {
    const tcp = (port: number, endPort = port) => ({ protocol: "TCP", port, endPort });
    const everybody = (...ports: Rule["ports"]): Rule => ({ cidrs: [], except: [], ports });
    const only = (cidrs: string[], ...ports: Rule["ports"]): Rule => ({ cidrs, except: [], ports });
    const rulesOf = (...policies: TestPolicy[]) => {
      const { ingress, egress } = tableOf({ policies });
      return { ingress, egress };
    };
    const shopWeb = { namespace: "shop", podSelector: { matchLabels: { app: "web" } } };
    const shop = { namespace: "shop", podSelector: {} };

    it("isolate the Pods that they select, in their namespace alone", () => {
      expect(rulesOf({ ...shopWeb, policyTypes: ["Ingress", "Egress"] })).to.deep.equal({
        ingress: { "10.245.0.1": [] },
        egress: { "10.245.0.1": [] },
      });
    });

    const types: readonly [string, Partial<TestPolicy>, { ingress: boolean; egress: boolean }][] = [
      ["ingress by default", {}, { ingress: true, egress: false }],
      ["ingress, too, with a rule for egress", { egress: [{}] }, { ingress: true, egress: true }],
      ["ingress alone with an empty egress", { egress: [] }, { ingress: true, egress: false }],
      [
        "what their types say, whatever rules they have",
        { policyTypes: ["Egress"], ingress: [{}] },
        { ingress: false, egress: true },
      ],
    ];
    for (const [what, spec, expected] of types) {
      it(`are for ${what}`, () => {
        const { ingress, egress } = rulesOf({ ...shopWeb, ...spec });
        expect({
          ingress: web.ip in ingress,
          egress: web.ip in egress,
        }).to.deep.equal(expected);
      });
    }

    const fromPeers: readonly [string, TestPeer[] | undefined, Rule[]][] = [
      ["everybody", undefined, [everybody()]],
      ["everybody by an empty list", [], [everybody()]],
      ["Pods of the namespace", [{ podSelector: {} }], [only(["10.245.0.2/32", "10.245.0.1/32"])]],
      [
        "Pods with a label",
        [{ podSelector: { matchLabels: { app: "db" } } }],
        [only(["10.245.0.2/32"])],
      ],
      [
        "nobody, not everybody, while no Pod has the label",
        [{ podSelector: { matchLabels: { app: "no" } } }],
        [],
      ],
      [
        "Pods of other namespaces",
        [{ namespaceSelector: { matchLabels: { team: "b" } } }],
        [only(["10.245.0.3/32"])],
      ],
      [
        "Pods with a label in all namespaces",
        [{ namespaceSelector: {}, podSelector: { matchLabels: { app: "web" } } }],
        [only(["10.245.0.3/32", "10.245.0.1/32"])],
      ],
      [
        "either of two peers",
        [
          { namespaceSelector: { matchLabels: { team: "b" } } },
          { podSelector: { matchLabels: { app: "db" } } },
          { ipBlock: { cidr: "10.0.0.0/8" } },
        ],
        [only(["10.0.0.0/8", "10.245.0.3/32", "10.245.0.2/32"])],
      ],
      [
        "blocks, each without its own exceptions alone",
        [
          { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } },
          { ipBlock: { cidr: "10.1.0.0/16", except: ["10.1.1.0/24"] } },
          { ipBlock: { cidr: "172.16.0.0/12" } },
        ],
        [
          only(["172.16.0.0/12"]),
          { cidrs: ["10.0.0.0/8"], except: ["10.1.0.0/16"], ports: [] },
          { cidrs: ["10.1.0.0/16"], except: ["10.1.1.0/24"], ports: [] },
        ],
      ],
      ["nobody by a peer that names nobody", [{}], []],
    ];
    for (const [who, from, expected] of fromPeers) {
      it(`allow ${who}`, () => {
        const rule = from === undefined ? {} : { from };
        expect(rulesOf({ ...shopWeb, ingress: [rule] }).ingress).to.deep.equal({
          "10.245.0.1": expected,
        });
        const egress = [from === undefined ? {} : { to: from }];
        expect(rulesOf({ ...shopWeb, policyTypes: ["Egress"], egress }).egress).to.deep.equal({
          "10.245.0.1": expected,
        });
      });
    }

    it("know every operator of a selector", () => {
      const selected = (operator: string, values?: string[]) => {
        const podSelector = { matchExpressions: [{ key: "app", operator, values }] };
        const pods = [web, db, { ...db, name: "bare", ip: "10.245.0.4", labels: {} }];
        const table = tableOf({
          pods: pods.map((pod) => podOf(pod)),
          policies: [{ namespace: "shop", podSelector }],
        });
        return Object.keys(table.ingress).sort();
      };
      expect(selected("In", ["web", "x"])).to.deep.equal(["10.245.0.1"]);
      expect(selected("NotIn", ["web", "x"])).to.deep.equal(["10.245.0.2", "10.245.0.4"]);
      expect(selected("Exists")).to.deep.equal(["10.245.0.1", "10.245.0.2"]);
      expect(selected("DoesNotExist")).to.deep.equal(["10.245.0.4"]);
      expect(() => selected("Gt", ["1"])).to.throw("Invalid option");
    });

    it("allow ports by number, range and protocol", () => {
      const ports = [
        { port: 80 },
        { port: 8000, endPort: 8999, protocol: "TCP" },
        { protocol: "UDP" },
        { port: 53, protocol: "UDP" },
      ];
      const expected = everybody(
        tcp(80),
        tcp(8000, 8999),
        { protocol: "UDP", port: 0, endPort: 0 },
        { protocol: "UDP", port: 53, endPort: 53 },
      );
      const rule = { ports };
      const policy = { ...shopWeb, ingress: [rule], egress: [rule] };
      expect(rulesOf(policy)).to.deep.equal({
        ingress: { "10.245.0.1": [expected] },
        egress: { "10.245.0.1": [expected] },
      });
    });

    it("look up the name of a port in the Pod that is called", () => {
      const ingress = [{ ports: [{ port: "http" }, { port: "sql" }, { port: 1 }] }];
      expect(rulesOf({ ...shop, ingress }).ingress).to.deep.equal({
        "10.245.0.1": [everybody(tcp(8080), tcp(1))],
        "10.245.0.2": [everybody(tcp(9187), tcp(5432), tcp(1))],
      });
      const egress = [{ to: [{ namespaceSelector: {} }], ports: [{ port: "http" }, { port: 1 }] }];
      expect(rulesOf({ ...shopWeb, policyTypes: ["Egress"], egress }).egress).to.deep.equal({
        "10.245.0.1": [
          only(["10.245.0.3/32", "10.245.0.2/32", "10.245.0.1/32"], tcp(1)),
          only(["10.245.0.3/32"], tcp(8081)),
          only(["10.245.0.2/32"], tcp(9187)),
          only(["10.245.0.1/32"], tcp(8080)),
        ],
      });
    });

    it("allow nothing, not everything, by a port that no Pod names", () => {
      for (const ports of [[{ port: "no" }], [{ port: "http", protocol: "UDP" }]]) {
        const rule = { ports };
        expect(rulesOf({ ...shopWeb, ingress: [rule], egress: [rule] })).to.deep.equal({
          ingress: { "10.245.0.1": [] },
          egress: { "10.245.0.1": [] },
        });
      }
    });

    it("find the Pods in a block that name a port", () => {
      const to = [{ ipBlock: { cidr: "10.245.0.0/16", except: ["10.245.0.2/32"] } }];
      const egress = [{ to, ports: [{ port: "http" }] }];
      expect(rulesOf({ ...shopWeb, policyTypes: ["Egress"], egress }).egress).to.deep.equal({
        "10.245.0.1": [only(["10.245.0.3/32"], tcp(8081)), only(["10.245.0.1/32"], tcp(8080))],
      });
    });

    it("add up", () => {
      const deny = { ...shop, policyTypes: ["Ingress"] };
      const allow = { ...shopWeb, ingress: [{ ports: [{ port: 80 }] }] };
      expect(rulesOf(deny, allow, { ...shop, ingress: [{ ports: [{ port: 81 }] }] })).to.deep.equal(
        {
          ingress: {
            "10.245.0.1": [everybody(tcp(80)), everybody(tcp(81))],
            "10.245.0.2": [everybody(tcp(81))],
          },
          egress: {},
        },
      );
    });

    it("let a service of the golden path call what its chart says", () => {
      const private_ = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map((cidr) => ({
        ipBlock: { cidr },
      }));
      const dns = [
        { protocol: "UDP", port: 53 },
        { protocol: "TCP", port: 53 },
      ];
      const chart: TestPolicy = {
        ...shop,
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          { from: [{ podSelector: {} }] },
          { from: private_, ports: [{ protocol: "TCP", port: 8080 }] },
        ],
        egress: [
          { to: [{ podSelector: {} }] },
          { ports: dns },
          {
            to: [{ ipBlock: { cidr: "0.0.0.0/0" } }],
            ports: [{ protocol: "TCP", port: 443 }],
          },
          { to: private_, ports: [{ protocol: "TCP", port: 80 }] },
        ],
      };
      const own = only(["10.245.0.2/32", "10.245.0.1/32"]);
      const cidrs = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
      const egress = [
        own,
        everybody({ protocol: "UDP", port: 53, endPort: 53 }, tcp(53)),
        only(["0.0.0.0/0"], tcp(443)),
        only(cidrs, tcp(80)),
      ];
      const ingress = [own, only(cidrs, tcp(8080))];
      expect(rulesOf(chart)).to.deep.equal({
        ingress: { "10.245.0.1": ingress, "10.245.0.2": ingress },
        egress: { "10.245.0.1": egress, "10.245.0.2": egress },
      });
    });

    it("allow what Kubernetes' definition of them allows, and nothing else", () => {
      const seen = new Set<boolean>();
      fc.assert(
        fc.property(world, ({ pods, policies, namespaces }) => {
          const table = tableOf({ pods: pods.map((pod) => podOf(pod)), policies, namespaces });
          const others: Party[] = [
            ...pods.map((pod) => ({ ip: pod.ip, pod })),
            ...["198.51.100.7", "198.51.7.7", "203.0.113.9"].map((ip) => ({ ip })),
          ];
          for (const direction of ["ingress", "egress"] as const) {
            for (const subject of pods) {
              for (const peer of others) {
                for (const [protocol, port] of calls) {
                  const call = { direction, subject, peer, protocol, port };
                  const expected = isAllowed(call, policies, namespaces);
                  seen.add(expected);
                  if (isAllowedBy(table, call) !== expected) {
                    expect.fail(
                      `${JSON.stringify(call)} is ${expected ? "" : "not "}allowed; rules ${JSON.stringify(table[direction][subject.ip])}`,
                    );
                  }
                }
              }
            }
          }
        }),
        { numRuns: 1_000 },
      );
      expect([...seen].sort()).to.deep.equal([false, true]);
    });
  });
});

// The definition of Kubernetes, read call by call.

interface Party {
  ip: string;
  pod?: TestPod;
}

interface Call {
  direction: "ingress" | "egress";
  subject: TestPod;
  peer: Party;
  protocol: string;
  port: number;
}

const calls = (["TCP", "UDP"] as const).flatMap((protocol) =>
  [53, 80, 81, 443, 8080].map((port) => [protocol, port] as const),
);

function isAllowed(
  call: Call,
  policies: TestPolicy[],
  namespaces: Record<string, Labels>,
): boolean {
  const { direction, subject, peer } = call;
  let isIsolated = false;
  for (const policy of policies) {
    if (policy.namespace !== subject.namespace) continue;
    if (!matches(policy.podSelector, subject.labels)) continue;
    const isFor =
      policy.policyTypes !== undefined && policy.policyTypes.length > 0
        ? policy.policyTypes.some((type) => type.toLowerCase() === direction)
        : direction === "ingress" || (policy.egress ?? []).length > 0;
    if (!isFor) continue;
    isIsolated = true;
    const rules =
      direction === "ingress"
        ? (policy.ingress ?? []).map(({ from, ports }) => ({ peers: from, ports }))
        : (policy.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }));
    for (const { peers = [], ports = [] } of rules) {
      const isPeer =
        peers.length === 0 ||
        peers.some((candidate) => isPeerOf(candidate, peer, policy.namespace, namespaces));
      const target = direction === "ingress" ? subject : peer.pod;
      const isPort =
        ports.length === 0 || ports.some((candidate) => isPortOf(candidate, call, target));
      if (isPeer && isPort) return true;
    }
  }
  return !isIsolated;
}

function isPeerOf(
  { podSelector, namespaceSelector, ipBlock }: TestPeer,
  { ip, pod }: Party,
  policyNamespace: string,
  namespaces: Record<string, Labels>,
): boolean {
  if (ipBlock !== undefined) {
    return (
      isInRange(ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => isInRange(ip, cidr))
    );
  }
  if (pod === undefined) return false;
  const isNamespace =
    namespaceSelector === undefined
      ? pod.namespace === policyNamespace
      : matches(namespaceSelector, namespaces[pod.namespace] ?? {});
  return isNamespace && (podSelector === undefined || matches(podSelector, pod.labels));
}

function isPortOf(
  { protocol = "TCP", port, endPort }: TestPolicyPort,
  call: Call,
  target: TestPod | undefined,
): boolean {
  if (protocol !== call.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === "number") {
    return endPort === undefined ? call.port === port : call.port >= port && call.port <= endPort;
  }
  return (target?.ports ?? []).some(
    (own) =>
      own.name === port && (own.protocol ?? "TCP") === protocol && own.containerPort === call.port,
  );
}

function matches(
  { matchLabels = {}, matchExpressions = [] }: TestSelector,
  labels: Labels,
): boolean {
  for (const [key, value] of Object.entries(matchLabels)) if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of matchExpressions) {
    const has = key in labels;
    const isListed = values.some((value) => labels[key] === value);
    if (operator === "In" && !isListed) return false;
    if (operator === "NotIn" && isListed) return false;
    if (operator === "Exists" && !has) return false;
    if (operator === "DoesNotExist" && has) return false;
  }
  return true;
}

function isInRange(ip: string, cidr: string): boolean {
  const [network = "", length] = cidr.split("/");
  const bits = (address: string): string =>
    address
      .split(".")
      .map((byte) => Number(byte).toString(2).padStart(8, "0"))
      .join("");
  return bits(ip).slice(0, Number(length)) === bits(network).slice(0, Number(length));
}

/** What podbox does with a table (twin/kubelet/podbox.ts, Rule). */
function isAllowedBy(table: Table, { direction, subject, peer, protocol, port }: Call): boolean {
  const rules = table[direction][subject.ip];
  if (rules === undefined) return true;
  return rules.some(
    ({ cidrs, except, ports }) =>
      (cidrs.length === 0 || cidrs.some((cidr) => isInRange(peer.ip, cidr))) &&
      !except.some((cidr) => isInRange(peer.ip, cidr)) &&
      (ports.length === 0 ||
        ports.some(
          (range) =>
            range.protocol === protocol &&
            (range.port === 0 || (port >= range.port && port <= range.endPort)),
        )),
  );
}

const key = fc.constantFrom("a", "b");
const value = fc.constantFrom("x", "y");
const labels = fc.dictionary(key, value, { maxKeys: 2 });
const namespaceName = fc.constantFrom("n1", "n2");
const selector: fc.Arbitrary<TestSelector> = fc.record(
  {
    matchLabels: fc.dictionary(key, value, { maxKeys: 1 }),
    matchExpressions: fc.array(
      fc.record({
        key,
        operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
        values: fc.array(value, { minLength: 1, maxLength: 2 }),
      }),
      { maxLength: 1 },
    ),
  },
  { requiredKeys: [] },
);
const podPeer: fc.Arbitrary<TestPeer> = fc.oneof(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: selector }),
  fc.record({ podSelector: selector, namespaceSelector: selector }),
);
const blockPeer: fc.Arbitrary<TestPeer> = fc.record({
  ipBlock: fc.record(
    {
      cidr: fc.constantFrom("0.0.0.0/0", "10.245.0.0/24", "10.245.0.2/32", "198.51.0.0/16"),
      except: fc.subarray(["10.245.0.0/30", "10.245.0.2/32", "198.51.100.0/24"]),
    },
    { requiredKeys: ["cidr"] },
  ),
});
const protocol = fc.constantFrom("TCP", "UDP");
const policyPort: fc.Arbitrary<TestPolicyPort> = fc.oneof(
  fc.record({ protocol }),
  fc.record({ protocol, port: fc.constantFrom(80, 443) }, { requiredKeys: ["port"] }),
  fc.record({ protocol, port: fc.constantFrom("http", "dns") }, { requiredKeys: ["port"] }),
  fc.record({ protocol, port: fc.constant(79), endPort: fc.constantFrom(79, 81, 500) }),
);
const peers = fc.array(fc.oneof(podPeer, blockPeer), { maxLength: 2 });
const ports = fc.array(policyPort, { maxLength: 2 });
const policy: fc.Arbitrary<TestPolicy> = fc.record(
  {
    namespace: namespaceName,
    podSelector: selector,
    policyTypes: fc.subarray(["Ingress", "Egress"]),
    ingress: fc.array(fc.record({ from: peers, ports }, { requiredKeys: [] }), { maxLength: 2 }),
    egress: fc.array(fc.record({ to: peers, ports }, { requiredKeys: [] }), { maxLength: 2 }),
  },
  { requiredKeys: ["namespace", "podSelector"] },
);
const podPorts = fc.subarray<TestPort>([
  { name: "http", containerPort: 80 },
  { name: "dns", containerPort: 53, protocol: "UDP" },
  { containerPort: 443 },
]);
const otherPorts = fc.subarray<TestPort>([
  { name: "http", containerPort: 8080, protocol: "TCP" },
  { name: "dns", containerPort: 53, protocol: "TCP" },
]);
const world = fc.record({
  namespaces: fc.record({ n1: labels, n2: labels }),
  pods: fc
    .array(
      fc.record({
        namespace: namespaceName,
        labels,
        ports: fc.oneof(podPorts, otherPorts),
      }),
      { minLength: 1, maxLength: 5 },
    )
    .map((pods) =>
      pods.map((pod, index) => ({ ...pod, name: `p${index}`, ip: `10.245.0.${index + 1}` })),
    ),
  policies: fc.array(policy, { maxLength: 3 }),
});
