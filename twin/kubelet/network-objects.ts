import { z } from "zod";

// What the network of a cluster's Pods is made from: the API's objects, as far as it reads them. It ignores everything else.

const Labels = z.record(z.string(), z.string()).default({});
type Labels = z.infer<typeof Labels>;
const Metadata = z.object({ name: z.string(), namespace: z.string() });
const Protocol = z.string().default("TCP");
const Port = z.union([z.int(), z.string()]);

const Selector = z.object({
  matchLabels: Labels,
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
        values: z.array(z.string()).default([]),
      }),
    )
    .default([]),
});
/** A label selector. An empty one selects everything. */
export type Selector = z.infer<typeof Selector>;

/** A Service. Without `clusterIP` it has no address at all, with `None` it is headless. */
export const NetworkService = z.object({
  metadata: Metadata,
  spec: z.object({
    type: z.string().default("ClusterIP"),
    clusterIP: z.string().optional(),
    selector: Labels,
    publishNotReadyAddresses: z.boolean().default(false),
    ports: z
      .array(
        z.object({
          name: z.string().optional(),
          port: z.int(),
          protocol: Protocol,
          targetPort: Port.optional(),
        }),
      )
      .default([]),
  }),
});
export type NetworkService = z.infer<typeof NetworkService>;

/** A Pod. */
export const NetworkPod = z.object({
  metadata: Metadata.extend({ labels: Labels, deletionTimestamp: z.string().optional() }),
  spec: z.object({
    hostname: z.string().optional(),
    subdomain: z.string().optional(),
    containers: z.array(
      z.object({
        ports: z
          .array(
            z.object({ name: z.string().optional(), containerPort: z.int(), protocol: Protocol }),
          )
          .default([]),
      }),
    ),
  }),
  status: z
    .object({
      phase: z.string().optional(),
      podIP: z.string().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    })
    .optional(),
});
export type NetworkPod = z.infer<typeof NetworkPod>;

/** A namespace. */
export const NetworkNamespace = z.object({
  metadata: z.object({ name: z.string(), labels: Labels }),
});
export type NetworkNamespace = z.infer<typeof NetworkNamespace>;

const Peer = z.object({
  podSelector: Selector.optional(),
  namespaceSelector: Selector.optional(),
  ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).default([]) }).optional(),
});
/** Whom a policy allows. */
export type Peer = z.infer<typeof Peer>;

const PolicyPort = z.object({
  protocol: Protocol,
  port: Port.optional(),
  endPort: z.int().optional(),
});
/** By which port a policy allows it. */
export type PolicyPort = z.infer<typeof PolicyPort>;

/** A NetworkPolicy. The API leaves empty lists out: a list that is absent is empty. */
export const NetworkPolicy = z.object({
  metadata: Metadata,
  spec: z.object({
    podSelector: Selector.default({ matchLabels: {}, matchExpressions: [] }),
    policyTypes: z.array(z.enum(["Ingress", "Egress"])).default([]),
    ingress: z
      .array(z.object({ from: z.array(Peer).default([]), ports: z.array(PolicyPort).default([]) }))
      .default([]),
    egress: z
      .array(z.object({ to: z.array(Peer).default([]), ports: z.array(PolicyPort).default([]) }))
      .default([]),
  }),
});
export type NetworkPolicy = z.infer<typeof NetworkPolicy>;

/** Whether a selector selects something with these labels. */
export function selects(selector: Selector, labels: Labels): boolean {
  return (
    hasLabels(labels, selector.matchLabels) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
      }
    })
  );
}

/** Whether labels have all that are wanted. */
export function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

/** The number of a Pod's port, by number or by name; undefined for a name that the Pod does not have. */
export function portNumber(
  port: number | string,
  protocol: string,
  { spec }: NetworkPod,
): number | undefined {
  if (typeof port === "number") return port;
  return spec.containers
    .flatMap(({ ports }) => ports)
    .find((candidate) => candidate.name === port && candidate.protocol === protocol)?.containerPort;
}
