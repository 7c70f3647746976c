/** An IPv4 network: the first address as an unsigned 32-bit number and the prefix length, 0 to 32. */
export interface Cidr {
  readonly base: number;
  readonly prefix: number;
}

const shape = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

/** Returns the network `a.b.c.d/n`; undefined for any other text, or if bits are set after the prefix (`10.0.0.1/16`). */
export function parseCidr(text: string): Cidr | undefined {
  const match = shape.exec(text);
  if (!match) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((octet) => octet > 255) || prefix > 32) return undefined;
  const base = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  return base % sizeOf(prefix) === 0 ? { base, prefix } : undefined;
}

/** Returns the text of a network, the inverse of {@link parseCidr}. */
export function formatCidr({ base, prefix }: Cidr): string {
  return `${[24, 16, 8, 0].map((shift) => (base >>> shift) & 255).join(".")}/${prefix}`;
}

/** Whether two networks share an address. */
export function overlap(a: Cidr, b: Cidr): boolean {
  return a.base < endOf(b) && b.base < endOf(a);
}

/** Whether `outer` contains every address of `inner`. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return inner.base >= outer.base && endOf(inner) <= endOf(outer);
}

/** Returns the first address after the network. */
export function endOf({ base, prefix }: Cidr): number {
  return base + sizeOf(prefix);
}

/** Returns the number of addresses in a network with this prefix. */
export function sizeOf(prefix: number): number {
  return 2 ** (32 - prefix);
}
