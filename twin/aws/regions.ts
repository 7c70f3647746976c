/** What the double knows about a region. Zones are availability zones only, no local zones. */
interface Region {
  readonly partition: string;
  readonly dnsSuffix: string;
  /** The short name with which zone ids begin: usw2 -> usw2-az1. */
  readonly zonePrefix: string;
  readonly zones: readonly string[];
}

function region(zonePrefix: string, zones: string, name: string): [string, Region] {
  const zoneNames = Array.from(zones, (letter) => `${name}${letter}`);
  return [name, { partition: "aws", dnsSuffix: "amazonaws.com", zonePrefix, zones: zoneNames }];
}

/** The regions that the double knows. Add one here when a stack needs it. */
export const regions: ReadonlyMap<string, Region> = new Map([
  region("usw2", "abcd", "us-west-2"),
  region("usw1", "abc", "us-west-1"),
  region("use1", "abcdef", "us-east-1"),
  region("use2", "abc", "us-east-2"),
  region("cac1", "abcd", "ca-central-1"),
  region("euw1", "abc", "eu-west-1"),
  region("euc1", "abc", "eu-central-1"),
]);

/** Returns the zone id (`usw2-az1`) of a zone. In AWS the mapping differs by account; here it is alphabetical. */
export function zoneId(zone: string): string {
  const prefix = regions.get(zone.slice(0, -1))?.zonePrefix ?? "unknown";
  return `${prefix}-az${zone.charCodeAt(zone.length - 1) - "a".charCodeAt(0) + 1}`;
}
