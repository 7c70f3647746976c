import {
  contains,
  endOf,
  formatAddress,
  formatCidr,
  overlaps,
  parseCidr,
  sizeOf,
  type Cidr,
} from "../cidr.ts";

/** What a subnet is for: a route to the internet, a route out through NAT, none, or nothing at all (a kept gap). */
export type SubnetKind = "Public" | "Private" | "Isolated" | "Unused";

/** How the addresses of a zone are given out. */
export type Strategy = "Auto" | "AutoMerge" | "Exact" | "Legacy";

/** One subnet per zone, as the program asks for it. */
export interface SubnetRequest {
  readonly type: SubnetKind;
  readonly name?: string | undefined;
  readonly cidrMask?: number | undefined;
  /** Number of addresses; another way to say cidrMask. */
  readonly size?: number | undefined;
  /** One block a zone: the program does the arithmetic itself. */
  readonly cidrBlocks?: readonly string[] | undefined;
}

/** One subnet of one zone, with its addresses. */
export interface PlannedSubnet<Request extends SubnetRequest = SubnetRequest> {
  readonly request: Request;
  readonly zone: string;
  /** Name of the Pulumi resources of the subnet: `<vpc>-<type or name>-<number of the zone>`. */
  readonly name: string;
  readonly cidrBlock: string;
}

/** The layout for a VPC, for each zone in the order of the requests. */
export interface SubnetPlan<Request extends SubnetRequest = SubnetRequest> {
  readonly subnets: readonly PlannedSubnet<Request>[];
  /** The requests as they were carried out, with every mask. */
  readonly layout: readonly SubnetRequest[];
}

/** What to lay out. */
export interface PlanRequest<Request extends SubnetRequest> {
  readonly vpcName: string;
  readonly vpcCidr: string;
  readonly zones: readonly string[];
  readonly strategy: Strategy;
  /** Undefined: a private and a public subnet a zone. */
  readonly requests: readonly Request[] | undefined;
  /** Prefix of one zone's share. Default: the VPC divided by the next power of two of the number of zones. */
  readonly zoneMask?: number | undefined;
}

const defaultRequests: readonly SubnetRequest[] = [{ type: "Private" }, { type: "Public" }];

/**
 * Lays subnets out as awsx.ec2.Vpc does: an equal share of the VPC for each zone, and in it the subnets one behind the
 * other, each at the next address where its size may begin. Pure arithmetic.
 * @throws Error with awsx' own words where the real component refuses the same request
 */
export function planSubnets<Request extends SubnetRequest>(
  plan: PlanRequest<Request>,
): SubnetPlan<Request | SubnetRequest> {
  const vpc = parseCidr(plan.vpcCidr);
  if (vpc === undefined) throw new Error(`"${plan.vpcCidr}" is not a valid CIDR block for a VPC`);
  checkRequests(plan.requests ?? [], plan.zones.length, plan.strategy);
  const zonePrefix = plan.zoneMask ?? vpc.prefix + bitsFor(plan.zones.length);
  const requests = withMasks(plan, zonePrefix);
  if (requests.length === 0) throw new Error("No subnets specified");
  const subnets = requests.some((entry) => entry.request.cidrBlocks !== undefined)
    ? explicitSubnets(plan, requests)
    : allocatedSubnets(plan, requests, vpc, zonePrefix);
  checkOverlaps(subnets);
  if (plan.strategy === "Exact") checkGaps(vpc, plan.vpcCidr, subnets);
  return { subnets, layout: requests.map(({ request, mask }) => ({ ...request, cidrMask: mask })) };
}

/** Number of bits that tell `count` things apart. */
export function bitsFor(count: number): number {
  return count <= 1 ? 0 : Math.ceil(Math.log2(count));
}

interface Masked<Request> {
  readonly request: Request;
  readonly mask: number;
}

/** Every request with the prefix it gets, in the order of allocation. */
function withMasks<Request extends SubnetRequest>(
  { requests, strategy }: PlanRequest<Request>,
  zonePrefix: number,
): Masked<Request | SubnetRequest>[] {
  if (strategy === "Legacy") return legacyMasks(requests, zonePrefix);
  const defaults = (): Masked<SubnetRequest>[] => {
    if (zonePrefix > 26) {
      throw new Error(
        `Automatic subnet creation requires a VPC with at least /26 available per AZ, but only /${zonePrefix} is available.` +
          `If you do need very small subnets, please specify them explicitly.`,
      );
    }
    return defaultRequests.map((request, index) => ({
      request,
      // Of a share larger than a /16 only the first /16 is given out.
      mask: Math.max(zonePrefix, 16) + index + 1,
    }));
  };
  if (requests === undefined) return defaults();
  if (strategy === "AutoMerge") return merged(requests, defaults(), zonePrefix);
  const even = zonePrefix + bitsFor(requests.length);
  return requests.map((request) => ({ request, mask: maskOf(request) ?? even }));
}

/** The default layout, with what the program says of one of its kinds laid over it; other requests follow. */
function merged<Request extends SubnetRequest>(
  requests: readonly Request[],
  defaults: readonly Masked<SubnetRequest>[],
  zonePrefix: number,
): Masked<Request | SubnetRequest>[] {
  const overriding = (type: SubnetKind): Request | undefined =>
    requests.find((request) => request.type === type && request.name === undefined);
  const extra = requests.filter(
    (request) => !defaults.some((known) => overriding(known.request.type) === request),
  );
  const even = zonePrefix + bitsFor(defaults.length + extra.length);
  return [
    ...defaults.map(({ request, mask }) => {
      const override = overriding(request.type);
      return override === undefined
        ? { request, mask }
        : { request: override, mask: maskOf(override) ?? mask };
    }),
    ...extra.map((request) => ({ request, mask: maskOf(request) ?? even })),
  ];
}

/** The layout of before subnetStrategy: private subnets first, then public, then isolated, with sizes by kind. */
function legacyMasks<Request extends SubnetRequest>(
  requests: readonly Request[] | undefined,
  zonePrefix: number,
): Masked<Request | SubnetRequest>[] {
  if (requests === undefined) {
    return defaultRequests.map((request, index) => ({ request, mask: zonePrefix + index + 1 }));
  }
  const smallest: Partial<Record<SubnetKind, number>> = { Private: 19, Public: 20, Isolated: 24 };
  const half = zonePrefix + (requests.length === 1 ? 0 : 1);
  return (["Private", "Public", "Isolated"] as const).flatMap((kind) =>
    requests
      .filter((request) => request.type === kind)
      .map((request) => ({
        request,
        mask: maskOf(request) ?? Math.max(half, smallest[kind] ?? half),
      })),
  );
}

function maskOf({ cidrMask, size }: SubnetRequest): number | undefined {
  return cidrMask ?? (size === undefined ? undefined : 32 - Math.log2(size));
}

function allocatedSubnets<Request extends SubnetRequest>(
  { vpcName, zones, strategy }: PlanRequest<Request>,
  requests: readonly Masked<Request | SubnetRequest>[],
  vpc: Cidr,
  zonePrefix: number,
): PlannedSubnet<Request | SubnetRequest>[] {
  const share = sizeOf(zonePrefix);
  const wanted = requests.reduce((sum, { mask }) => sum + sizeOf(mask), 0);
  if (strategy !== "Legacy" && wanted > share) {
    throw new Error(
      `Subnets are too large for VPC. VPC has ${share} addresses, but subnets require ${wanted} addresses.`,
    );
  }
  return zones.flatMap((zone, zoneIndex) => {
    let next = vpc.base + zoneIndex * share;
    return requests.map(({ request, mask }) => {
      const size = sizeOf(mask);
      // A block begins at a multiple of its size; what is skipped stays free.
      const block = { base: Math.ceil(next / size) * size, prefix: mask };
      next = endOf(block);
      return {
        request,
        zone,
        name: subnetName(vpcName, request, zoneIndex),
        cidrBlock: formatCidr(block),
      };
    });
  });
}

function explicitSubnets<Request extends SubnetRequest>(
  { vpcName, zones }: PlanRequest<Request>,
  requests: readonly Masked<Request | SubnetRequest>[],
): PlannedSubnet<Request | SubnetRequest>[] {
  return zones.flatMap((zone, zoneIndex) =>
    requests.map(({ request }) => ({
      request,
      zone,
      name: subnetName(vpcName, request, zoneIndex),
      cidrBlock: request.cidrBlocks?.[zoneIndex] ?? "",
    })),
  );
}

function subnetName(vpcName: string, { name, type }: SubnetRequest, zoneIndex: number): string {
  return `${vpcName}-${name ?? type.toLowerCase()}-${zoneIndex + 1}`;
}

function checkRequests(
  requests: readonly SubnetRequest[],
  zones: number,
  strategy: Strategy,
): void {
  const issues: string[] = [];
  for (const kind of new Set(requests.map(({ type }) => type))) {
    const names = requests.filter(({ type }) => type === kind).map(({ name }) => name);
    // Set counts "no name" once, so two of them are found like two equal names.
    if (new Set(names).size < names.length) {
      issues.push(
        `Multiple subnet specs of type "${kind.toLowerCase()}" require unique names. ` +
          `You can have at most one unnamed subnet per type.`,
      );
    }
  }
  for (const { size, cidrMask } of requests) {
    if (size === undefined) continue;
    if (size < 4 || !Number.isInteger(Math.log2(size)) || size > 2 ** 32) {
      issues.push(
        `The following subnet sizes are invalid: ${size}. Valid sizes are powers of two.`,
      );
    } else if (cidrMask !== undefined && sizeOf(cidrMask) !== size) {
      issues.push(
        `Subnet size ${size} does not match the expected size for a /${cidrMask} subnet (${sizeOf(cidrMask)}).`,
      );
    }
  }
  const explicit = requests.filter(({ cidrBlocks }) => cidrBlocks !== undefined);
  if (explicit.length > 0 && explicit.length < requests.length) {
    issues.push(
      "If any subnet spec has explicit cidrBlocks, all subnets must have explicit cidrBlocks.",
    );
  }
  if (explicit.length > 0 && strategy === "AutoMerge") {
    issues.push(
      `subnetStrategy="AutoMerge" does not support subnetSpecs with explicit cidrBlocks.`,
    );
  }
  for (const [index, { cidrBlocks, cidrMask }] of explicit.entries()) {
    if (cidrBlocks?.length !== zones) {
      issues.push(
        `The number of CIDR blocks in subnetSpecs[${index}] must match the number of availability zones (${zones}).`,
      );
    }
    const blocks = (cidrBlocks ?? []).map(parseCidr);
    if (blocks.some((block) => block === undefined)) {
      issues.push(
        `subnetSpecs[${index}] has a CIDR block that is none: ${cidrBlocks?.join(", ") ?? ""}`,
      );
    } else if (cidrMask !== undefined && blocks.some((block) => block?.prefix !== cidrMask)) {
      issues.push(
        `The cidrMask in subnetSpecs[${index}] must match all cidrBlocks or be left undefined.`,
      );
    }
  }
  if (issues.length > 0) {
    throw new Error(`Invalid subnet specifications:\n - ${issues.join("\n - ")}`);
  }
}

function checkOverlaps(subnets: readonly PlannedSubnet[]): void {
  const blocks = subnets.map((subnet) => ({ ...subnet, block: parseCidr(subnet.cidrBlock) }));
  const clashing = blocks.filter((one) =>
    blocks.some(
      (other) =>
        other !== one &&
        one.block !== undefined &&
        other.block !== undefined &&
        overlaps(one.block, other.block),
    ),
  );
  if (clashing.length === 0) return;
  const lines = clashing.map(({ name, cidrBlock }, index) => `${index + 1}. ${name}: ${cidrBlock}`);
  throw new Error(
    "The following subnets overlap with at least one other subnet. Make the CIDR for the VPC larger, " +
      `reduce the size of the subnets per AZ, or use less Availability Zones:\n\n${lines.join("\n")}\n`,
  );
}

/** The strategy Exact wants every address of the VPC accounted for. */
function checkGaps(vpc: Cidr, vpcCidr: string, subnets: readonly PlannedSubnet[]): void {
  const gaps: string[] = [];
  let expected = vpc.base;
  let before = `the beginning of the VPC (${vpcCidr})`;
  for (const { name, cidrBlock } of subnets) {
    const block = parseCidr(cidrBlock);
    if (block === undefined || !contains(vpc, block)) continue;
    if (block.base !== expected) gaps.push(`${before} <=> ${name} (${cidrBlock})`);
    expected = endOf(block);
    before = `${name} (${cidrBlock})`;
  }
  if (expected !== endOf(vpc)) {
    gaps.push(
      `${before} (ending ${formatAddress(expected - 1)}) ends before VPC ends (at ${formatAddress(endOf(vpc) - 1)})`,
    );
  }
  if (gaps.length > 0) {
    throw new Error(
      `There are gaps in the subnet ranges. Please fix the following gaps: ${gaps.join(", ")}`,
    );
  }
}
