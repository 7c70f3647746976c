import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

/** EKS needs two zones; with three a majority remains when one is lost. */
const zonesNeeded = 3;

/**
 * Ids of the zones in which EKS takes no subnet for a cluster. Each account has names of its own for them.
 * https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
const refusedByEks = ["use1-az3", "usw1-az2", "cac1-az3"];

/**
 * Returns the first zones of a region, by name, that a cluster can be in. Local Zones and Wavelength Zones, which an
 * account may have switched on, come first by name and are left out: they have no control plane and few instance types.
 *
 * @throws Error when the account has fewer than three of them there
 */
export async function usableZones(
  region: string,
  provider: pulumi.ProviderResource,
): Promise<string[]> {
  const { names } = await aws.getAvailabilityZones(
    {
      region,
      state: "available",
      filters: [{ name: "zone-type", values: ["availability-zone"] }],
      excludeZoneIds: refusedByEks,
    },
    { provider },
  );
  if (names.length < zonesNeeded) {
    throw new Error(
      `The account has ${names.length} zones in ${region} that EKS can use (${names.join(", ") || "none"}); ` +
        `the platform needs ${zonesNeeded}. Fix: choose another region for idp:aws.region`,
    );
  }
  return names.sort().slice(0, zonesNeeded);
}
