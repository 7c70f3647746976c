import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { PodConfigError } from "./pod.ts";
import type { Container, Probe } from "./pod.ts";
import type { PortOf } from "../cluster/workloads.ts";

/** What a probe connects to on this machine. */
export type ProbeTarget =
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "tcp"; readonly port: number }
  | { readonly kind: "none" };

/**
 * What a probe connects to here. A command (`exec`) needs the image's own files, which are not here: a connection to the
 * container's first port replaces it.
 * @throws PodConfigError for a port name that the container does not have
 */
export function probeTarget(probe: Probe, container: Container, portOf: PortOf): ProbeTarget {
  const port = (named: number | string): number => {
    const asked = containerPort(named, container);
    if (asked === undefined) {
      throw new PodConfigError(`container ${container.name} has no port named ${named}`);
    }
    return portOf(asked);
  };
  if (probe.httpGet !== undefined) {
    const { path = "/", port: named, scheme = "HTTP" } = probe.httpGet;
    return { kind: "http", url: `${scheme.toLowerCase()}://127.0.0.1:${port(named)}${path}` };
  }
  if (probe.tcpSocket !== undefined) return { kind: "tcp", port: port(probe.tcpSocket.port) };
  const first = container.ports?.[0]?.containerPort;
  return first === undefined ? { kind: "none" } : { kind: "tcp", port: port(first) };
}

/** A port's number, by number or by name; undefined for a name that the container does not have. */
export function containerPort(named: number | string, container: Container): number | undefined {
  if (typeof named === "number") return named;
  return container.ports?.find(({ name }) => name === named)?.containerPort;
}

/** Whether the target answers. As for a kubelet, that is an HTTP status of 200 to 399; redirects are not followed. */
export function answers(target: ProbeTarget, timeoutSeconds: number): Promise<boolean> {
  switch (target.kind) {
    case "none":
      return Promise.resolve(true);
    case "tcp":
      return new Promise((resolve) => {
        const socket = connect({
          host: "127.0.0.1",
          port: target.port,
          timeout: timeoutSeconds * 1000,
        });
        const end = (answer: boolean): void => {
          socket.destroy();
          resolve(answer);
        };
        socket.once("connect", () => {
          end(true);
        });
        socket.once("timeout", () => {
          end(false);
        });
        socket.once("error", () => {
          end(false);
        });
      });
    case "http":
      return new Promise((resolve) => {
        // A kubelet does not verify a probe's certificate either.
        const call = target.url.startsWith("https:")
          ? httpsRequest(target.url, { rejectUnauthorized: false, agent: false })
          : httpRequest(target.url, { agent: false });
        call.setTimeout(timeoutSeconds * 1000, () => {
          call.destroy(new Error("timeout"));
        });
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
}
