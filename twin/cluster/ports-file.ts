import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { writeWhole } from "../../lib/write-file.ts";

const Ports = z.record(z.string(), z.int());

/** One port of a Service. */
export interface ServicePort {
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
}

/** The key of the port that plays the load balancers of all Ingresses. */
export const ingressPort = "ingress";

/** The key of a Service's port in the file: `<namespace>/<service>:<port>`. */
export function portKey({ namespace, service, port }: ServicePort): string {
  return `${namespace}/${service}:${port}`;
}

/** The Service port of a key; undefined for the key of another port. */
export function parsePortKey(key: string): ServicePort | undefined {
  const parts = /^([^/:]+)\/([^/:]+):(\d+)$/.exec(key);
  if (parts === null) return undefined;
  const [, namespace = "", service = "", port] = parts;
  return { namespace, service, port: Number(port) };
}

/** The ports of 127.0.0.1 that a cluster's kubelet gave out, by {@link portKey}. None without the file. */
export function readPorts(file: string): Readonly<Record<string, number>> {
  return existsSync(file) ? Ports.parse(JSON.parse(readFileSync(file, "utf8"))) : {};
}

/** Writes all ports anew. */
export function writePorts(file: string, ports: Readonly<Record<string, number>>): void {
  writeWhole(file, JSON.stringify(ports, null, 2));
}
