import { createServer, request } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { z } from "zod";
import { messageOf } from "../../lib/message-of.ts";
import type { ServicePort } from "../cluster/ports-file.ts";
import type { NetworkService } from "./network-objects.ts";
import type { Dial } from "./runtime.ts";

const Backend = z.object({
  service: z.object({
    name: z.string(),
    port: z.object({ name: z.string().optional(), number: z.int().optional() }),
  }),
});

/** What is read of an Ingress. */
export const Ingress = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    rules: z
      .array(
        z.object({
          host: z.string().optional(),
          http: z
            .object({
              paths: z.array(
                z.object({
                  path: z.string().default("/"),
                  pathType: z.string(),
                  backend: Backend,
                }),
              ),
            })
            .optional(),
        }),
      )
      .default([]),
  }),
});
export type Ingress = z.infer<typeof Ingress>;

/** The Service that a request is for. */
export interface IngressTarget extends Pick<ServicePort, "namespace" | "service"> {
  /** By name or number. */
  readonly port: { readonly name?: string | undefined; readonly number?: number | undefined };
}

/**
 * The Service that Ingresses name for a request: of the rules for its host (or for all hosts) the one with the longest path;
 * at the same path an exact one, then one with a host, comes first. Undefined when there is none.
 *
 * @param host the header Host, with or without a port
 * @param path with or without a query
 */
export function routeOf(
  ingresses: readonly Ingress[],
  host: string,
  path: string,
): IngressTarget | undefined {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const asked = path.split("?", 1)[0] ?? "/";
  const matching = ingresses.flatMap(({ metadata: { namespace }, spec }) =>
    spec.rules
      .filter((rule) => rule.host === undefined || rule.host.toLowerCase() === name)
      .flatMap((rule) =>
        (rule.http?.paths ?? [])
          .filter((candidate) => isFor(candidate, asked))
          .map(({ path: prefix, pathType, backend: { service } }) => ({
            weight: [prefix.length, pathType === "Exact" ? 1 : 0, rule.host === undefined ? 0 : 1],
            target: { namespace, service: service.name, port: service.port },
          })),
      ),
  );
  matching.sort((a, b) => compare(b.weight, a.weight));
  return matching[0]?.target;
}

/** The Service port that a target names; undefined where there is no such Service, or it has no such port. */
export function servicePortOf(
  { namespace, service, port: asked }: IngressTarget,
  found: NetworkService | undefined,
): ServicePort | undefined {
  // The only port of a Service needs no name, and a target by number has none: both are not the same.
  const port = found?.spec.ports.find((one) =>
    asked.name === undefined ? one.port === asked.number : one.name === asked.name,
  );
  return port && { namespace, service, port: port.port };
}

/** Kubernetes, "Ingress", path types: a prefix is compared element by element. */
function isFor(
  { path, pathType }: { readonly path: string; readonly pathType: string },
  asked: string,
): boolean {
  if (pathType === "Exact") return asked === path;
  const prefix = path.replace(/\/+$/, "");
  return asked === prefix || asked.startsWith(`${prefix}/`);
}

function compare(a: readonly number[], b: readonly number[]): number {
  const [difference = 0] = a.map((value, at) => value - (b[at] ?? 0)).filter((by) => by !== 0);
  return difference;
}

/** Where a request goes; undefined where no Ingress names it. Throws or gives no dial while no Pod is ready. */
export type Route = (
  host: string,
  path: string,
) => { readonly dial: Promise<Dial | undefined> } | undefined;

/**
 * Plays the load balancers of all Ingresses by one listener: it goes by the header Host and the path, speaks plain HTTP, and
 * answers 404 and 503 as a load balancer does. Web sockets are not passed on.
 */
export function ingressServer(route: Route): Server {
  return createServer((incoming, answer) => {
    const found = route(incoming.headers.host ?? "", incoming.url ?? "/");
    if (found === undefined) {
      reply(answer, 404, "no Ingress names this host and path");
      return;
    }
    found.dial
      .then(async (dial) => {
        if (dial === undefined) reply(answer, 503, "no Pod is ready");
        else await pass(incoming, answer, dial);
      })
      .catch((error: unknown) => {
        reply(answer, 502, messageOf(error));
      });
  });
}

async function pass(incoming: IncomingMessage, answer: ServerResponse, dial: Dial): Promise<void> {
  const socket = await dial();
  const { method, url: path, headers, socket: client } = incoming;
  const forwarded = { "x-forwarded-for": client.remoteAddress, "x-forwarded-proto": "http" };
  const call = request({
    method,
    path,
    headers: { ...headers, ...forwarded, connection: "close" },
    createConnection: () => socket,
  });
  const failed = (error: unknown): void => {
    if (error !== undefined && error !== null) reply(answer, 502, messageOf(error));
  };
  call.once("error", failed);
  call.once("response", (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    pipeline(response, answer, () => undefined);
  });
  pipeline(incoming, call, failed);
}

function reply(answer: ServerResponse, status: number, words: string): void {
  if (answer.headersSent) answer.destroy();
  else answer.writeHead(status, { "content-type": "text/plain" }).end(`${words}\n`);
}
