import type { Service } from "../catalog/service.ts";
import { nodeType, prices, type PriceName } from "./prices.ts";

/** What an estimate reads of a resource of a stack. */
export interface PlannedResource {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A service as far as it costs: its Pods need nodes, its ingress a load balancer. */
export type CostedService = Pick<Service, "name" | "resources" | "replicas" | "ingress">;

/** One line of an estimate: `count` things, each so many units a month. */
export interface CostLine {
  readonly what: string;
  readonly count: number;
  readonly price: PriceName;
  /** Units of the price that one of it takes in a month. */
  readonly units: number;
  readonly dollars: number;
}

/** What a stack costs in a month of 730 hours while nothing is used. */
export interface Estimate {
  readonly lines: readonly CostLine[];
  readonly dollars: number;
}

/** AWS's own month: 8760 hours a year by twelve. */
const hours = 730;

/** Disk of an Auto Mode node, in GB, as EKS's built-in NodeClass has it. */
const diskGb = 80;

/** What Pods can have of a node with 2 vCPU and 4 GiB, in vCPU and MiB; the rest is the kubelet's and the system's. */
const usable = { cpu: 1.9, memory: 3000 } as const;

/** Zones of the network: the chart spreads a service's Pods over them, and a node comes for each. */
const zones = 3;

/** CPU (vCPU) and memory (MiB) that one replica of each size asks for; the chart's sizes.yaml says so. */
export const requests: Readonly<
  Record<CostedService["resources"], { readonly cpu: number; readonly memory: number }>
> = {
  small: { cpu: 0.1, memory: 128 },
  medium: { cpu: 0.25, memory: 512 },
  large: { cpu: 1, memory: 2048 },
};

/** How a type of resource is paid. What has no entry here costs nothing by itself. */
const lineOf: Readonly<Record<string, readonly [what: string, price: PriceName, units: number]>> = {
  "aws:eks/cluster:Cluster": ["EKS control plane", "cluster", hours],
  "aws:ec2/natGateway:NatGateway": ["NAT gateway", "natGateway", hours],
  "aws:ec2/eip:Eip": ["public IPv4 address", "publicAddress", hours],
  "aws:kms/key:Key": ["KMS key", "key", 1],
};

/**
 * What a stack costs in a month while it stands idle, line by line.
 *
 * @param resources of a plan, or of the program under mocks, where remote components have no children
 * @param services the environment's catalog
 * @param minimumNodes nodes that are there whatever the services ask for, such as 3 for a highly available Argo CD
 */
export function estimate(
  resources: readonly PlannedResource[],
  services: readonly CostedService[],
  minimumNodes = 1,
): Estimate {
  const all = withChildren(resources);
  const count = (type: string) => all.filter((resource) => resource.type === type).length;
  const hasCluster = count("aws:eks/cluster:Cluster") > 0;
  const nodes = hasCluster ? Math.max(minimumNodes, nodesFor(services)) : 0;
  const balancers = hasCluster ? services.filter(({ ingress }) => ingress !== undefined).length : 0;
  const lines = [
    ...Object.entries(lineOf).map(([type, line]) => [count(type), ...line] as const),
    [nodes, `node, ${nodeType}`, "node", hours] as const,
    [nodes, "node under EKS Auto Mode", "autoMode", hours] as const,
    [nodes, "disk of a node", "disk", diskGb] as const,
    [balancers, "load balancer of a service", "loadBalancer", hours] as const,
  ]
    .filter(([number]) => number > 0)
    .map(([number, what, price, units]) => ({
      what,
      count: number,
      price,
      units,
      dollars: cents(number * units * prices[price].dollars),
    }));
  return { lines, dollars: cents(lines.reduce((sum, { dollars }) => sum + dollars, 0)) };
}

const unitNames: Readonly<Record<string, string>> = { hour: "h", "GB-month": "GB" };

/** How a line's dollars come about: `2 x 730 h x $0.045`. */
export function arithmetic({ count, units, price }: CostLine): string {
  const { dollars, per } = prices[price];
  return `${count} x ${units} ${unitNames[per] ?? per} x $${dollars}`;
}

/** Nodes for the services' fewest replicas: by what they ask for, and one for each zone that they are spread over. */
export function nodesFor(services: readonly CostedService[]): number {
  const sum = (of: "cpu" | "memory") =>
    services.reduce(
      (total, { resources, replicas }) => total + requests[resources][of] * replicas.min,
      0,
    );
  const spread = Math.max(1, ...services.map(({ replicas }) => Math.min(replicas.min, zones)));
  return Math.max(
    spread,
    Math.ceil(sum("cpu") / usable.cpu),
    Math.ceil(sum("memory") / usable.memory),
  );
}

/** The paid children of awsx's and eks's components where only the component itself is known. */
function withChildren(resources: readonly PlannedResource[]): readonly PlannedResource[] {
  const has = (type: string) => resources.some((resource) => resource.type === type);
  const inputs = {};
  return resources.flatMap((resource) => {
    if (resource.type === "eks:index:Cluster" && !has("aws:eks/cluster:Cluster")) {
      return [resource, { type: "aws:eks/cluster:Cluster", inputs }];
    }
    if (resource.type === "awsx:ec2:Vpc" && !has("aws:ec2/natGateway:NatGateway")) {
      const gateways = Array.from({ length: gatewaysOf(resource.inputs) }, () => [
        { type: "aws:ec2/natGateway:NatGateway", inputs },
        { type: "aws:ec2/eip:Eip", inputs },
      ]);
      return [resource, ...gateways.flat()];
    }
    return [resource];
  });
}

function gatewaysOf({ natGateways, numberOfAvailabilityZones }: PlannedResource["inputs"]): number {
  const strategy: unknown =
    typeof natGateways === "object" && natGateways !== null
      ? Reflect.get(natGateways, "strategy")
      : undefined;
  const each = typeof numberOfAvailabilityZones === "number" ? numberOfAvailabilityZones : zones;
  return strategy === "None" ? 0 : strategy === "Single" ? 1 : each;
}

function cents(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}
