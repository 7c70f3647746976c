import fc from "fast-check";
import { sizeOf, type Cidr } from "../../../config/cidr.ts";

/** Any network whose prefix lies within limits. */
export function cidrBetween(min: number, max: number): fc.Arbitrary<Cidr> {
  return fc
    .integer({ min, max })
    .chain((prefix) =>
      fc
        .integer({ min: 0, max: 2 ** prefix - 1 })
        .map((network) => ({ base: network * sizeOf(prefix), prefix })),
    );
}
