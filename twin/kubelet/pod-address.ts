/** Start of the addresses of Pods that run on this machine. KWOK's, which are simulated, have 10.244. */
const range = "10.245.";

/** Whether an address is one of a Pod that runs on this machine. */
export function isPodAddress(address: string | undefined): boolean {
  return address?.startsWith(range) ?? false;
}

/**
 * An address that no other Pod has. For a Pod that runs as processes nothing listens there, and it cannot be 127.0.0.1: the
 * API server takes no loopback address in an EndpointSlice.
 */
export function freePodAddress(taken: ReadonlySet<string>): string {
  for (let host = 1; host < 2 ** 16 - 1; host++) {
    const address = `${range}${host >> 8}.${host & 255}`;
    if (!taken.has(address)) return address;
  }
  throw new Error("65,534 Pods run in this cluster; there is no address for more.");
}
