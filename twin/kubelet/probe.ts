import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { connect as tlsConnect } from "node:tls";
import { PodConfigError } from "./pod.ts";
import type { Container, Probe } from "./pod.ts";
import type { Dial } from "./runtime.ts";

/** What a probe asks of a container. Ports are the container's. */
export type ProbeTarget =
  | {
      readonly kind: "http";
      readonly scheme: "http" | "https";
      readonly port: number;
      readonly path: string;
    }
  | { readonly kind: "tcp"; readonly port: number }
  | { readonly kind: "exec"; readonly command: readonly string[] }
  | { readonly kind: "none" };

/**
 * What a probe asks of its container.
 * @throws PodConfigError for a port name that the container does not have
 */
export function probeTarget(probe: Probe, container: Container): ProbeTarget {
  const port = (named: number | string): number => {
    const asked = containerPort(named, container);
    if (asked === undefined) {
      throw new PodConfigError(`container ${container.name} has no port named ${named}`);
    }
    return asked;
  };
  if (probe.httpGet !== undefined) {
    const { path = "/", port: named, scheme } = probe.httpGet;
    return {
      kind: "http",
      scheme: scheme?.toLowerCase() === "https" ? "https" : "http",
      port: port(named),
      path,
    };
  }
  if (probe.tcpSocket !== undefined) return { kind: "tcp", port: port(probe.tcpSocket.port) };
  if (probe.exec !== undefined) return { kind: "exec", command: probe.exec.command };
  return { kind: "none" };
}

/**
 * The same, where no command can be run because the image's own files are not here: a connection to the container's
 * first port replaces it.
 */
export function withoutCommand(
  target: ProbeTarget,
  container: Container,
): Exclude<ProbeTarget, { kind: "exec" }> {
  if (target.kind !== "exec") return target;
  const first = container.ports?.[0]?.containerPort;
  return first === undefined ? { kind: "none" } : { kind: "tcp", port: first };
}

/** A port's number, by number or by name; undefined for a name that the container does not have. */
export function containerPort(named: number | string, container: Container): number | undefined {
  if (typeof named === "number") return named;
  return container.ports?.find(({ name }) => name === named)?.containerPort;
}

/** A connection to a port of this machine. */
export function dialLocal(port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/**
 * Whether a connection can be made, and, for a probe by HTTP, is answered with a status of 200 to 399 as a kubelet wants
 * it: redirects are not followed, a certificate is not verified.
 */
export async function answers(
  target: Extract<ProbeTarget, { kind: "http" | "tcp" }>,
  dial: Dial,
  timeoutSeconds: number,
): Promise<boolean> {
  const limit = Promise.withResolvers<false>();
  const timer = setTimeout(() => {
    limit.resolve(false);
  }, timeoutSeconds * 1000);
  const connection = dial();
  try {
    const answer = connection.then(
      (socket) => (target.kind === "tcp" ? true : statusIsGood(target, socket)),
      () => false,
    );
    return await Promise.race([answer, limit.promise]);
  } finally {
    clearTimeout(timer);
    void connection.then(
      (socket) => socket.destroy(),
      () => undefined,
    );
  }
}

function statusIsGood(
  { scheme, port, path }: Extract<ProbeTarget, { kind: "http" }>,
  socket: Duplex,
): Promise<boolean> {
  const options = { path, headers: { Host: `127.0.0.1:${port}` } };
  const call =
    scheme === "https"
      ? httpsRequest({
          ...options,
          createConnection: () => tlsConnect({ socket, rejectUnauthorized: false }),
        })
      : httpRequest({ ...options, createConnection: () => socket });
  return new Promise((resolve) => {
    call.once("error", () => {
      resolve(false);
    });
    call.once("response", (response) => {
      response.resume();
      const { statusCode = 0 } = response;
      resolve(statusCode >= 200 && statusCode < 400);
    });
    call.end();
  });
}
