import { randomBytes } from "node:crypto";

/** Returns an id in EC2's form: `<prefix>-` and 17 hex digits. */
export function ec2Id(prefix: string): string {
  return `${prefix}-0${randomBytes(8).toString("hex")}`;
}

/** Returns a unique id in IAM's form (AROA..., ANPA...): `<prefix>`, then upper-case letters and digits. */
export function iamId(prefix: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return prefix + [...randomBytes(17)].map((byte) => alphabet.charAt(byte % 32)).join("");
}
