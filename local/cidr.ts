/** An IPv4 network in CIDR notation: the first address as a number, and how many leading bits are fixed. */
export interface Cidr {
  readonly base: number;
  readonly prefix: number;
}

/**
 * Reads `a.b.c.d/n`.
 * @returns undefined when it is not an IPv4 CIDR, or when bits behind the prefix are set (AWS refuses those too)
 */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((byte) => byte > 255) || prefix > 32) return undefined;
  const base = ((a * 256 + b) * 256 + c) * 256 + d;
  return base % sizeOf(prefix) === 0 ? { base, prefix } : undefined;
}

/** `a.b.c.d/n`. */
export function formatCidr({ base, prefix }: Cidr): string {
  return `${formatAddress(base)}/${prefix}`;
}

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

/** Whether the two share an address. */
export function overlaps(one: Cidr, other: Cidr): boolean {
  return one.base < endOf(other) && other.base < endOf(one);
}
