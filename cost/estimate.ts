import type { Service } from "../catalog/service.ts";
import type { Requests } from "../config/argocd-requests.ts";
import { nodeType, nodeVcpu, prices, type PriceName } from "./prices.ts";

/** The parts of a stack's resource that an estimate reads. */
export interface PlannedResource {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** The parts of a service that cost money: its Pods need nodes, its ingress a load balancer. */
export type CostedService = Pick<Service, "name" | "resources" | "replicas" | "ingress">;

/** One line of an estimate: `count` things that each take `units` in a month. */
export interface CostLine {
  readonly what: string;
  readonly count: number;
  readonly price: PriceName;
  /** Units of the price that one thing takes in a month. */
  readonly units: number;
  readonly dollars: number;
}

/** The cost of an idle stack in a month of 730 hours. */
export interface Estimate {
  readonly lines: readonly CostLine[];
  readonly dollars: number;
}

/** AWS's month: the 8760 hours of a year divided by twelve. */
const hours = 730;

/** Disk of an Auto Mode node in GB, from EKS's built-in NodeClass. */
const diskGb = 80;

/** What a node with 2 vCPU and 4 GiB has for Pods, in vCPU and MiB; kubelet and system take the rest. */
const usable = { cpu: 1.9, memory: 3000 } as const;

/** Zones of the network. The chart spreads a service's Pods over them, which needs a node in each. */
const zones = 3;

/** CPU (vCPU) and memory (MiB) that one replica of each size requests, as in the chart's sizes.yaml. */
export const requests: Readonly<
  Record<CostedService["resources"], { readonly cpu: number; readonly memory: number }>
> = {
  small: { cpu: 0.1, memory: 128 },
  medium: { cpu: 0.25, memory: 512 },
  large: { cpu: 1, memory: 2048 },
};

/** How each type of resource is paid. A type without an entry costs nothing by itself. */
const lineOf: Readonly<Record<string, readonly [what: string, price: PriceName, units: number]>> = {
  "aws:eks/cluster:Cluster": ["EKS control plane", "cluster", hours],
  "aws:ec2/natGateway:NatGateway": ["NAT gateway", "natGateway", hours],
  "aws:ec2/eip:Eip": ["public IPv4 address", "publicAddress", hours],
  "aws:kms/key:Key": ["KMS key", "key", 1],
};

/**
 * Returns what an idle stack costs in a month, line by line.
 *
 * @param resources of a plan, or of the program under mocks, where remote components have no children
 * @param services the environment's catalog
 * @param platform what Argo CD and Image Updater need
 */
export function estimate(
  resources: readonly PlannedResource[],
  services: readonly CostedService[],
  platform: Platform = { nodes: 1, cpu: 0, memory: 0 },
): Estimate {
  const all = withChildren(resources);
  const count = (type: string) => all.filter((resource) => resource.type === type).length;
  const hasCluster = count("aws:eks/cluster:Cluster") > 0;
  const nodes = hasCluster ? nodesFor(services, platform) : 0;
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

/** The most that a stack can cost by its nodes. */
export interface Ceiling {
  readonly nodes: number;
  readonly dollars: number;
}

/**
 * Returns what an idle stack costs with as many nodes as its ceiling allows; undefined without a cluster. Larger instances
 * of the same family cost the same for a vCPU.
 * @param maxVcpu as in `idp:cluster.nodes.maxVcpu`
 */
export function ceilingOf(
  { lines, dollars }: Pick<Estimate, "lines" | "dollars">,
  maxVcpu: number,
): Ceiling | undefined {
  const fewest = lines.find(({ price }) => price === "node")?.count;
  if (fewest === undefined) return undefined;
  const nodes = Math.max(fewest, Math.floor(maxVcpu / nodeVcpu));
  const each =
    hours * (prices.node.dollars + prices.autoMode.dollars) + diskGb * prices.disk.dollars;
  return { nodes, dollars: cents(dollars + (nodes - fewest) * each) };
}

const unitNames: Readonly<Record<string, string>> = { hour: "h", "GB-month": "GB" };

/** Returns the arithmetic of a line, such as `2 x 730 h x $0.045`. */
export function arithmetic({ count, units, price }: CostLine): string {
  const { dollars, per } = prices[price];
  return `${count} x ${units} ${unitNames[per] ?? per} x $${dollars}`;
}

/** What the platform's own Pods need whatever the services request: CPU in thousandths of a vCPU, memory in MiB. */
export interface Platform extends Requests {
  /** The fewest nodes, such as 3 for a highly available Argo CD. */
  readonly nodes: number;
}

/**
 * Returns the nodes for the platform's Pods and the services' minimum replicas: enough for their requests, and one in each
 * zone they use.
 */
export function nodesFor(services: readonly CostedService[], platform: Platform): number {
  const sum = (of: "cpu" | "memory") =>
    services.reduce(
      (total, { resources, replicas }) => total + requests[resources][of] * replicas.min,
      0,
    );
  const spread = Math.max(1, ...services.map(({ replicas }) => Math.min(replicas.min, zones)));
  return Math.max(
    platform.nodes,
    spread,
    Math.ceil((sum("cpu") + platform.cpu / 1000) / usable.cpu),
    Math.ceil((sum("memory") + platform.memory) / usable.memory),
  );
}

/** Adds the paid children of awsx's and eks's components where only the component itself is known. */
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

function gatewaysOf({ natGateways, availabilityZoneNames }: PlannedResource["inputs"]): number {
  const strategy: unknown =
    typeof natGateways === "object" && natGateways !== null
      ? Reflect.get(natGateways, "strategy")
      : undefined;
  const each = Array.isArray(availabilityZoneNames) ? availabilityZoneNames.length : zones;
  return strategy === "None" ? 0 : strategy === "Single" ? 1 : each;
}

function cents(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}
