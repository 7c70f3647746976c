import { createServer } from "node:net";

/**
 * A TCP port of 127.0.0.1 that was free a moment ago. Nothing reserves it: take it soon, remember it, and expect that
 * another program may have been quicker.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: 0 }, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") {
          reject(new Error("127.0.0.1: the system gave no port number"));
        } else {
          resolve(address.port);
        }
      });
    });
  });
}

/** `count` different ports: {@link freePort} alone may give the same one twice. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
