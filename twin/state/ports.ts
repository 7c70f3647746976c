import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the ports that systems give to outgoing connections (Linux from 32768, macOS and Windows from 49152). A port is
 * remembered for the life of a twin; from that range, a client that keeps asking for a server that is down would at
 * some time be given the server's own port, and the server could not come back.
 */
const lowest = 15_000;
const highest = 32_767;
const attempts = 200;

/**
 * A TCP port of 127.0.0.1 that was free a moment ago. Nothing reserves it: take it soon, remember it, and expect that
 * another program may have been quicker.
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

/** `count` different ports: {@link freePort} alone may give the same one twice. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
