import { existsSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { pipeline } from "node:stream";
import { z } from "zod";
import { freePort } from "../state/ports.ts";
import { writeWhole } from "../../lib/write-file.ts";

/** One port of a Service. */
export interface ServicePort {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
}

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

/** This machine's port for the next connection to a Service; undefined while none of its Pods is ready. */
export type Backend = (target: ServicePort) => Promise<number | undefined>;

const Remembered = z.record(z.string(), z.int());

/**
 * Cluster DNS and kube-proxy for the Pods that run as processes: each Service port that one of them names is a port of
 * 127.0.0.1, the same for the life of the cluster. A connection to it goes to a Pod that is ready at that moment.
 */
export class ServicePorts {
  readonly #file: string;
  readonly #backend: Backend;
  readonly #signal: AbortSignal;
  readonly #listening = new Map<string, Promise<number>>();

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
    const key = `${target.namespace}/${target.service}:${target.port}`;
    const known = this.#listening.get(key);
    if (known !== undefined) return known;
    const listening = this.#listen(key, target);
    this.#listening.set(key, listening);
    return listening;
  }

  /**
   * Listens again on every port that was given out before: the processes that use them outlive their kubelet.
   */
  async resume(): Promise<void> {
    const targets = Object.keys(readPorts(this.#file)).flatMap((key) => parseKey(key) ?? []);
    await Promise.all(targets.map((target) => this.portOf(target)));
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
    const remembered = readPorts(this.#file)[key];
    // Another program may have taken the remembered port.
    const port = await listen(server, remembered ?? 0, this.#signal).catch(() =>
      listen(server, 0, this.#signal),
    );
    if (port !== remembered) this.#remember(key, port);
    return port;
  }

  #remember(key: string, port: number): void {
    writeWhole(this.#file, JSON.stringify({ ...readPorts(this.#file), [key]: port }, null, 2));
  }

  async #forward(client: Socket, target: ServicePort): Promise<void> {
    // Without a listener for errors, a reset would end this process.
    client.on("error", () => client.destroy());
    const port = await this.#backend(target);
    if (port === undefined) {
      client.destroy();
      return;
    }
    const pod = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
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

/** The Service port of a remembered key; undefined for the key of a reserved port. */
function parseKey(key: string): ServicePort | undefined {
  const parts = /^([^/]+)\/([^:]+):(\d+)$/.exec(key);
  if (parts === null) return undefined;
  const [, namespace = "", service = "", port] = parts;
  return { namespace, service, port: Number(port) };
}

/** The ports that {@link ServicePorts} remembers, by `<namespace>/<service>:<port>`. */
export function readPorts(file: string): Record<string, number> {
  return existsSync(file) ? Remembered.parse(JSON.parse(readFileSync(file, "utf8"))) : {};
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
