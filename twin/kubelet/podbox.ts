import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { z } from "zod";

/** What a network policy allows: to or from these addresses, by these ports. */
export interface Rule {
  /** Address ranges, such as `10.0.0.0/8`. Empty: every address. */
  readonly cidrs: readonly string[];
  /** Ranges in {@link cidrs} that are not meant. */
  readonly except: readonly string[];
  /** Empty: every port. */
  readonly ports: readonly RulePort[];
}

/** A range of ports of a {@link Rule}. */
export interface RulePort {
  readonly protocol: string;
  /** First port; 0 for every port of the protocol. */
  readonly port: number;
  /** Last port; the first one where the range is a single port. */
  readonly endPort: number;
}

/** The network of a cluster's Pods. Addresses are IPv4, `<ip>:<port>` where a port belongs to them. */
export interface Table {
  /** Where Pods ask for names. */
  readonly dns: string;
  /** Addresses by name, without a final dot. Those of a headless Service are its Pods'. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** The Pods behind each port of a Service that are ready. An empty list refuses. */
  readonly services: Readonly<Record<string, readonly string[]>>;
  /** This machine's `127.0.0.1:<port>` by what lies outside the cluster: `<name or address>:<port>`. */
  readonly host: Readonly<Record<string, string>>;
  /** Container ports by which Pods are called directly. */
  readonly ports: readonly number[];
  /** What a Pod may call, by its address. A Pod without an entry may call all, one with no rule nothing. */
  readonly egress: Readonly<Record<string, readonly Rule[]>>;
  /** Who may call a Pod, the same way. */
  readonly ingress: Readonly<Record<string, readonly Rule[]>>;
}

/** A file or folder in a container. */
export interface Mount {
  /** Absolute path on this machine; empty for a file system in memory. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
  /** Size of a file system in memory; 0 for all else. */
  readonly sizeMiB: number;
}

/** How a container is started. Paths are absolute. */
export interface ContainerSpec {
  /** Folder of the unpacked image. Nothing writes to it. */
  readonly image: string;
  /** Folder of this container alone, emptied at each start. */
  readonly scratch: string;
  readonly hostname: string;
  /** Program and arguments. */
  readonly args: readonly string[];
  /** `<name>=<value>`. */
  readonly env: readonly string[];
  readonly cwd: string;
  /** An outer mount comes before those inside it. */
  readonly mounts: readonly Mount[];
  readonly readOnlyRoot: boolean;
  /** File that the output is appended to, in the format of the CRI. */
  readonly log: string;
  /** 0: no limit. Above it, all processes of the container are killed. */
  readonly memoryLimitBytes: number;
}

/** What is known of a Pod that runs as containers. */
export interface ContainerPod {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
}

/** What is known of a Pod that runs as processes of this machine: its logs and its ports. */
export interface ProcessPod {
  readonly namespace: string;
  readonly name: string;
  readonly containers: Readonly<
    Record<
      string,
      {
        /** File with the output, as the process wrote it. */
        readonly log: string;
        /** Port of 127.0.0.1 by container port. */
        readonly ports: Readonly<Record<string, number>>;
      }
    >
  >;
}

const Started = z.object({ pid: z.int(), startedAt: z.string() });
/** A container that has been started; `startedAt` is an ISO time. */
export type Started = z.infer<typeof Started>;

const Exit = z.object({ code: z.int(), finishedAt: z.string(), oomKilled: z.boolean() });
const Executed = z.object({ code: z.int(), output: z.string() });
/** How a command in a container ended: its exit code (124: it took too long), and the first 10 KiB that it wrote. */
export type Executed = z.infer<typeof Executed>;

const Pods = z.record(
  z.string(),
  z.object({
    ip: z.string(),
    containers: z.record(z.string(), Started.extend({ exit: Exit.optional() })),
  }),
);
/** The Pods of the helper and their containers, by uid and name. */
export type PodboxPods = z.infer<typeof Pods>;

const Usage = z.record(
  z.string(),
  z.record(z.string(), z.object({ cpuSeconds: z.number(), memoryBytes: z.number() })),
);
/**
 * What the containers that run have used, by the Pod's uid and the container's name: CPU seconds since their start, bytes of
 * memory now.
 */
export type Usage = z.infer<typeof Usage>;

/** How a container ended: its exit code, 128 + the signal's number for a signal, and whether it used too much memory. */
export interface Ended {
  readonly code: number;
  readonly oomKilled: boolean;
  /** Whether the helper ended, and the container with it. */
  readonly isLost?: boolean;
}

/** The helper refused a request. The message is its reason, one sentence. */
export class PodboxError extends Error {
  override readonly name = "PodboxError";
  /** Status of HTTP: 404 without such a Pod or container, 409 where one runs already, 422 where it cannot start. */
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** The helper did not answer: it is not there, it ended, or it took too long. */
export class SilentPodbox extends Error {
  override readonly name = "SilentPodbox";
}

/** The smallest limit of the usual systems (macOS: 104 bytes with the end of the string). */
const socketPathLimit = 103;
/** A helper that is busy still answers within a second. */
const answerLimitMs = 20_000;
/** How a container ended that went with its helper: the kernel kills it. */
const killed: Ended = { code: 137, oomKilled: false, isLost: true };

interface Call {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default 20 s; undefined: none. */
  readonly limitMs?: number | undefined;
}

/**
 * The helper that runs a cluster's Pods as containers, by its HTTP API on a unix socket. Every method rejects with
 * {@link PodboxError} when the helper refuses, and with {@link SilentPodbox} when it does not answer.
 */
export class Podbox {
  readonly #socketPath: string;

  /**
   * @param socketPath the helper's `node.sock`
   * @throws Error for a path that is too long for a socket
   */
  constructor(socketPath: string) {
    const length = Buffer.byteLength(socketPath);
    if (length > socketPathLimit) {
      throw new Error(
        `${socketPath} has ${length} bytes, a socket's path at most ${socketPathLimit}. Fix: set IDP_TWIN to a folder with a shorter path`,
      );
    }
    this.#socketPath = socketPath;
  }

  /** Replaces the network's whole table. */
  async setNetwork(table: Table): Promise<void> {
    await this.#call("PUT", "/network", { body: table });
  }

  /** Makes a Pod's network. The same Pod again changes nothing. */
  async putPod(uid: string, pod: ContainerPod): Promise<void> {
    await this.#call("PUT", podPath(uid), { body: pod });
  }

  /** Kills what runs of a Pod and removes its network. A Pod that is not there is no error. */
  async deletePod(uid: string): Promise<void> {
    await this.#call("DELETE", podPath(uid));
  }

  /** Starts a container. Rejects with status 409 while one of this name runs, with 422 where it cannot start. */
  async startContainer(uid: string, name: string, spec: ContainerSpec): Promise<Started> {
    const path = containerPath(uid, name);
    return this.#ask(Started, "PUT", path, { body: spec });
  }

  /**
   * Waits for a container's end, without limit. Code 137 where nobody can know it: the helper has no such container, or it
   * ended itself, and its containers with it.
   */
  async exited(uid: string, name: string): Promise<Ended> {
    try {
      const path = `${containerPath(uid, name)}/exit`;
      const { code, oomKilled } = await this.#ask(Exit, "GET", path, { limitMs: undefined });
      return { code, oomKilled };
    } catch (error) {
      const isGone = error instanceof PodboxError && error.status === 404;
      if (isGone || error instanceof SilentPodbox) return killed;
      throw error;
    }
  }

  /** Sends a signal to a container's first process. One that has ended is no error. */
  async signal(uid: string, name: string, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.#call("POST", `${containerPath(uid, name)}/signal`, { body: { signal } });
  }

  /** Runs a command in a container, at most `timeoutSeconds` long. */
  async exec(
    uid: string,
    name: string,
    args: readonly string[],
    timeoutSeconds: number,
  ): Promise<Executed> {
    return this.#ask(Executed, "POST", `${containerPath(uid, name)}/exec`, {
      body: { args, timeoutSeconds },
      limitMs: timeoutSeconds * 1000 + answerLimitMs,
    });
  }

  /** All Pods that the helper has. */
  async pods(): Promise<PodboxPods> {
    return this.#ask(Pods, "GET", "/pods");
  }

  /** What the containers that run have used. */
  async usage(): Promise<Usage> {
    return this.#ask(Usage, "GET", "/usage");
  }

  /**
   * A connection to a Pod, from the node. Each side of it ends by itself. Rejects with status 502 where nothing listens.
   */
  dial(ip: string, port: number): Promise<Duplex> {
    const query = new URLSearchParams({ to: `${ip}:${port}` });
    return new Promise((resolve, reject) => {
      const call = request({
        path: `/dial?${query.toString()}`,
        headers: { connection: "Upgrade", upgrade: "tcp" },
        // The client's end is not the Pod's. Only a call without an agent asks for the connection here.
        createConnection: () => connect({ path: this.#socketPath, allowHalfOpen: true }),
      });
      call.setTimeout(answerLimitMs, () => call.destroy(new Error("no answer")));
      call.once("error", (error) => {
        reject(this.#silence(error));
      });
      call.once("upgrade", (_response, socket, head) => {
        socket.setTimeout(0);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      call.once("response", (response) => {
        text(response).then(
          (reason) => {
            reject(refusal(response, reason));
          },
          (error: unknown) => {
            reject(this.#silence(error));
          },
        );
      });
      call.end();
    });
  }

  /** Tells the kubelet API of a Pod that runs as processes of this machine. */
  async putProcessPod(uid: string, pod: ProcessPod): Promise<void> {
    await this.#call("PUT", processPath(uid), { body: pod });
  }

  /** Lets the kubelet API forget a Pod that ran as processes. */
  async deleteProcessPod(uid: string): Promise<void> {
    await this.#call("DELETE", processPath(uid));
  }

  async #ask<T>(schema: z.ZodType<T>, method: string, path: string, call?: Call): Promise<T> {
    const { data, error } = schema.safeParse(jsonIn(await this.#call(method, path, call)));
    if (error === undefined) return data;
    throw new Error(
      `podbox gave something else for ${method} ${path}:\n${z.prettifyError(error)}\nFix: idp twin down, then idp twin up`,
    );
  }

  /** Returns the answer's text. */
  #call(method: string, path: string, call: Call = {}): Promise<string> {
    const limitMs = "limitMs" in call ? call.limitMs : answerLimitMs;
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    return new Promise((resolve, reject) => {
      const sent = request({
        socketPath: this.#socketPath,
        // A connection that an agent keeps may be that of a helper that has ended.
        agent: false,
        method,
        path,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" } }),
        ...(limitMs === undefined ? {} : { signal: AbortSignal.timeout(limitMs) }),
      });
      sent.once("error", (error) => {
        reject(this.#silence(error));
      });
      sent.once("response", (response) => {
        text(response).then(
          (answer) => {
            const { statusCode = 0 } = response;
            if (statusCode >= 200 && statusCode < 300) resolve(answer);
            else reject(refusal(response, answer));
          },
          (error: unknown) => {
            reject(this.#silence(error));
          },
        );
      });
      sent.end(body);
    });
  }

  #silence(error: unknown): SilentPodbox {
    const reason = error instanceof Error ? error.message : String(error);
    return new SilentPodbox(`podbox does not answer on ${this.#socketPath}: ${reason}`, {
      cause: error,
    });
  }
}

function podPath(uid: string): string {
  return `/pods/${encodeURIComponent(uid)}`;
}

function containerPath(uid: string, name: string): string {
  return `${podPath(uid)}/containers/${encodeURIComponent(name)}`;
}

function processPath(uid: string): string {
  return `/processes/${encodeURIComponent(uid)}`;
}

function refusal({ statusCode = 0 }: IncomingMessage, reason: string): PodboxError {
  return new PodboxError(statusCode, reason.trim() || `podbox answered ${statusCode}`);
}

/** Undefined for text that is no JSON. */
function jsonIn(answer: string): unknown {
  try {
    return JSON.parse(answer);
  } catch {
    return undefined;
  }
}
