import { endOf, formatCidr, parseCidr, sizeOf } from "../../../config/cidr.ts";

/** Public subnets have a route to the internet, private ones a route out through a NAT gateway. */
export type SubnetKind = "Public" | "Private";

/** A request for one subnet in each zone. */
export interface SubnetRequest {
  readonly type: SubnetKind;
  readonly cidrMask: number;
}

/** One subnet in one zone, with its addresses. */
export interface PlannedSubnet<Request extends SubnetRequest = SubnetRequest> {
  readonly request: Request;
  readonly zone: string;
  /** Name of the subnet's Pulumi resources: `<vpc>-<kind>-<number of the zone>`. */
  readonly name: string;
  readonly cidrBlock: string;
}

/** The VPC, zones and subnets to plan. */
export interface PlanRequest<Request extends SubnetRequest> {
  readonly vpcName: string;
  readonly vpcCidr: string;
  readonly zones: readonly string[];
  readonly requests: readonly Request[];
}

/**
 * Returns the subnets of a VPC as awsx.ec2.Vpc plans them with the strategy Auto: each zone gets an equal share of the VPC.
 * In it one subnet follows the other, each at the next address where a block of its size can begin. Pure arithmetic.
 * @throws Error with the real component's text if the subnets do not fit
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
      // A block begins at a multiple of its size; skipped addresses stay free.
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
