import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { pipeline } from "node:stream";
import { freePort } from "../state/ports.ts";
import {
  parsePortKey,
  portKey,
  readPorts,
  writePorts,
  type ServicePort,
} from "../cluster/ports-file.ts";
import type { Dial } from "./runtime.ts";

/**
 * The Service in an address such as `argocd-redis:6379` or `http://argocd-dex-server.argocd.svc.cluster.local:5556`.
 * Undefined for any other host: that one is outside the cluster.
 */
export function parseServiceAddress(
  address: string,
  podNamespace: string,
): (ServicePort & { readonly scheme: string }) | undefined {
  const pattern =
    /^((?:[a-z]+:\/\/)?)([a-z0-9-]+)(?:\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local\.?)?)?)?:(\d+)$/;
  const parts = pattern.exec(address);
  if (parts === null) return undefined;
  const [, scheme = "", service = "", namespace = podNamespace, port] = parts;
  if (service === "localhost" || /^\d+$/.test(service)) return undefined;
  return { scheme, namespace, service, port: Number(port) };
}

/** Where the next connection to a Service goes; undefined while none of its Pods is ready. */
export type Backend = (target: ServicePort) => Promise<Dial | undefined>;

/**
 * The way into the cluster's Services from this machine: for the Pods that run as processes, whose DNS and kube-proxy it is,
 * and for people. Each Service port that is asked for is a port of 127.0.0.1, the same for the life of the Service. A
 * connection to it goes to a Pod that is ready at that moment.
 */
export class ServicePorts {
  readonly #file: string;
  readonly #backend: Backend;
  readonly #signal: AbortSignal;
  readonly #listening = new Map<string, Promise<number>>();
  readonly #servers = new Map<string, Server>();

  /**
   * @param file where the ports are remembered.
   * @param signal ends the listening.
   */
  constructor(file: string, backend: Backend, signal: AbortSignal) {
    this.#file = file;
    this.#backend = backend;
    this.#signal = signal;
  }

  /** This machine's port for a Service's port; it listens when this resolves. */
  portOf(target: ServicePort): Promise<number> {
    const key = portKey(target);
    const known = this.#listening.get(key);
    if (known !== undefined) return known;
    const listening = this.#listen(key, target);
    this.#listening.set(key, listening);
    return listening;
  }

  /** Stops listening for a Service that is gone, and forgets its port. */
  forget(target: ServicePort): void {
    const key = portKey(target);
    this.#listening.delete(key);
    const server = this.#servers.get(key);
    this.#servers.delete(key);
    // One that is closed before it listens never says that it listens: whoever waits for that would wait for ever.
    if (server?.listening === true) server.close();
    const others = Object.entries(readPorts(this.#file)).filter(([known]) => known !== key);
    writePorts(this.#file, Object.fromEntries(others));
  }

  /** The Service ports that have a port of this machine. */
  targets(): ServicePort[] {
    return Object.keys(readPorts(this.#file)).flatMap((key) => parsePortKey(key) ?? []);
  }

  /**
   * Listens again on every port that was given out before: the processes that use them outlive their kubelet.
   */
  async resume(): Promise<void> {
    await Promise.all(this.targets().map((target) => this.portOf(target)));
  }

  /** A free port that another server will listen on, remembered like the others. */
  async reserve(key: string): Promise<number> {
    const port = readPorts(this.#file)[key] ?? (await freePort());
    this.#remember(key, port);
    return port;
  }

  /** The address with a Service replaced by its port on this machine; any other address as it is. */
  async rewrite(address: string, podNamespace: string): Promise<string> {
    const target = parseServiceAddress(address, podNamespace);
    if (target === undefined) return address;
    return `${target.scheme}127.0.0.1:${await this.portOf(target)}`;
  }

  async #listen(key: string, target: ServicePort): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (client) => {
      this.#forward(client, target).catch(() => client.destroy());
    });
    this.#servers.set(key, server);
    const remembered = readPorts(this.#file)[key];
    // Another program may have taken the remembered port.
    const port = await listen(server, remembered ?? 0, this.#signal).catch(() =>
      listen(server, 0, this.#signal),
    );
    // The Service may be gone again.
    if (this.#servers.get(key) !== server) server.close();
    else if (port !== remembered) this.#remember(key, port);
    return port;
  }

  #remember(key: string, port: number): void {
    writePorts(this.#file, { ...readPorts(this.#file), [key]: port });
  }

  async #forward(client: Socket, target: ServicePort): Promise<void> {
    // Without a listener for errors, a reset would end this process.
    client.on("error", () => client.destroy());
    const dial = await this.#backend(target);
    if (dial === undefined) {
      client.destroy();
      return;
    }
    const pod = await dial();
    // Each direction ends by itself, once its last byte is through; only a failure ends both.
    const onEnd = (error: unknown): void => {
      if (error === undefined || error === null) return;
      client.destroy();
      pod.destroy();
    };
    pipeline(client, pod, onEnd);
    pipeline(pod, client, onEnd);
  }
}

function listen(server: Server, port: number, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port, signal }, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(address === null || typeof address === "string" ? port : address.port);
    });
  });
}
