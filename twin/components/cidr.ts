import { sizeOf, type Cidr } from "../../config/cidr.ts";

/** The first address after the network. */
export function endOf({ base, prefix }: Cidr): number {
  return base + sizeOf(prefix);
}

/** Whether every address of `inner` is one of `outer`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return inner.base >= outer.base && endOf(inner) <= endOf(outer);
}
