import { endOf, formatCidr, parseCidr, sizeOf } from "../../../config/cidr.ts";

/** What a subnet is for: a route to the internet, or a route out through a NAT gateway. */
export type SubnetKind = "Public" | "Private";

/** One subnet per zone, as the program asks for it. */
export interface SubnetRequest {
  readonly type: SubnetKind;
  readonly cidrMask: number;
}

/** One subnet of one zone, with its addresses. */
export interface PlannedSubnet<Request extends SubnetRequest = SubnetRequest> {
  readonly request: Request;
  readonly zone: string;
  /** Name of the subnet's Pulumi resources: `<vpc>-<kind>-<number of the zone>`. */
  readonly name: string;
  readonly cidrBlock: string;
}

/** What to lay out. */
export interface PlanRequest<Request extends SubnetRequest> {
  readonly vpcName: string;
  readonly vpcCidr: string;
  readonly zones: readonly string[];
  readonly requests: readonly Request[];
}

/**
 * The subnets of a VPC as awsx.ec2.Vpc lays them out in the strategy Auto: an equal share of the VPC for each zone, and in
 * it one subnet after the other, each at the next address where its size may begin. Pure arithmetic.
 * @throws Error in the real component's words for subnets that do not fit
 */
export function planSubnets<Request extends SubnetRequest>({
  vpcName,
  vpcCidr,
  zones,
  requests,
}: PlanRequest<Request>): PlannedSubnet<Request>[] {
  const vpc = parseCidr(vpcCidr);
  if (vpc === undefined) throw new Error(`"${vpcCidr}" is not a valid CIDR block for a VPC`);
  const share = sizeOf(vpc.prefix + Math.ceil(Math.log2(zones.length)));
  const wanted = requests.reduce((sum, { cidrMask }) => sum + sizeOf(cidrMask), 0);
  if (wanted > share) {
    throw new Error(
      `Subnets are too large for VPC. VPC has ${share} addresses, but subnets require ${wanted} addresses.`,
    );
  }
  return zones.flatMap((zone, zoneIndex) => {
    const start = vpc.base + zoneIndex * share;
    let next = start;
    return requests.map((request) => {
      const size = sizeOf(request.cidrMask);
      // A block begins at a multiple of its size; what is skipped stays free.
      const block = { base: Math.ceil(next / size) * size, prefix: request.cidrMask };
      next = endOf(block);
      const cidrBlock = formatCidr(block);
      const name = `${vpcName}-${request.type.toLowerCase()}-${zoneIndex + 1}`;
      if (next > start + share) {
        throw new Error(
          `Subnet ${name} (${cidrBlock}) ends outside its zone's share of ${vpcCidr}. Fix: list the larger subnets first`,
        );
      }
      return { request, zone, name, cidrBlock };
    });
  });
}
