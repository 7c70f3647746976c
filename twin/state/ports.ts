import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * The ports of the twin are below those that systems use for outgoing connections (Linux from 32768, macOS and Windows from
 * 49152), because a twin keeps its ports for life. In that range, a client that keeps trying to reach a stopped server would
 * at some time get the server's own port for its connection, and the server could not start again.
 */
const lowest = 15_000;
const highest = 32_767;
const attempts = 200;

/**
 * Returns a TCP port of 127.0.0.1 that was free a moment ago. Nothing reserves it: use it soon, and expect that another
 * program may take it first.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = randomInt(lowest, highest + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(
    `127.0.0.1: ${attempts} ports between ${lowest} and ${highest} are all taken. Fix: end programs that listen there`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen({ host: "127.0.0.1", port }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** Returns `count` different ports; several calls of {@link freePort} may return the same one. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
