import type { Cidr } from "../../config/cidr.ts";

export { formatCidr, overlap as overlaps, parseCidr } from "../../config/cidr.ts";
export type { Cidr } from "../../config/cidr.ts";

/** `a.b.c.d` of an address given as a number. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** How many addresses a prefix leaves free. */
export function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}

/** The first address behind the network. */
export function endOf({ base, prefix }: Cidr): number {
  return base + sizeOf(prefix);
}

/** Whether every address of `inner` is one of `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return inner.base >= outer.base && endOf(inner) <= endOf(outer);
}
