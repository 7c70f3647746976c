import { randomBytes } from "node:crypto";

/** `<prefix>-` and 17 hex digits, as EC2 makes its ids. */
export function ec2Id(prefix: string): string {
  return `${prefix}-0${randomBytes(8).toString("hex")}`;
}

/** `<prefix>` and upper-case letters and digits, as IAM makes its unique ids (AROA..., ANPA...). */
export function iamId(prefix: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return prefix + [...randomBytes(17)].map((byte) => alphabet.charAt(byte % 32)).join("");
}
