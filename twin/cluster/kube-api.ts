import { Agent, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import type { ClusterInfo } from "./cluster.ts";

/** An error that the API server returned. */
export class KubeApiError extends Error {
  /** HTTP status. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "KubeApiError";
    this.status = status;
  }
}

/** One line of a watch. */
export interface WatchEvent {
  readonly type: string;
  readonly object: unknown;
}

type Patch = "merge-patch" | "strategic-merge-patch" | "apply-patch";

/**
 * The few calls that the twin makes to an API server. @kubernetes/client-node could make them too, but loading it takes
 * 90 MB and more than a second, for each of three clusters and at every `up`.
 */
export class KubeApi {
  readonly #info: ClusterInfo;
  readonly #ca: Buffer;
  readonly #agent: Agent;

  constructor(info: ClusterInfo) {
    this.#info = info;
    this.#ca = Buffer.from(info.certificateAuthority, "base64");
    this.#agent = new Agent({ keepAlive: true, ca: this.#ca });
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async get(path: string): Promise<unknown> {
    return parseJson(await this.#send("GET", path));
  }

  /** Returns the plain text at a path such as `/readyz`. */
  getText(path: string): Promise<string> {
    return this.#send("GET", path);
  }

  async create(path: string, object: unknown): Promise<unknown> {
    return parseJson(await this.#send("POST", path, object, "application/json"));
  }

  async patch(path: string, object: unknown, kind: Patch): Promise<unknown> {
    return parseJson(await this.#send("PATCH", path, object, `application/${patchTypes[kind]}`));
  }

  async delete(path: string, options: unknown = {}): Promise<void> {
    await this.#send("DELETE", path, options, "application/json");
  }

  /** Like {@link get}, but returns undefined if the object does not exist. */
  async find(path: string): Promise<unknown> {
    return unlessStatus(404, this.get(path));
  }

  /**
   * Follows a watch until the server ends it, `signal` aborts, or the connection is silent for longer than
   * `silenceMs`. The caller then lists and watches again.
   */
  async watch(
    path: string,
    onEvent: (event: WatchEvent) => void,
    signal: AbortSignal,
    silenceMs = 120_000,
  ): Promise<void> {
    const response = await this.#open("GET", path, undefined, undefined, signal);
    for await (const line of linesUntilSilence(response, silenceMs)) onEvent(parseEvent(line));
  }

  async #send(method: string, path: string, body?: unknown, type?: string): Promise<string> {
    return readAll(await this.#open(method, path, body, type));
  }

  async #open(
    method: string,
    path: string,
    body?: unknown,
    type?: string,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request(
        `${this.#info.endpoint}${path}`,
        {
          method,
          agent: this.#agent,
          signal,
          timeout: 30_000,
          headers: {
            authorization: `Bearer ${this.#info.token}`,
            accept: "application/json",
            ...(type === undefined ? {} : { "content-type": type }),
            // Node omits this header for DELETE, and the server would then read the body as the next request.
            "content-length": content?.length ?? 0,
          },
        },
        resolve,
      );
      call.once("error", reject);
      call.once("timeout", () => call.destroy(new Error(`${method} ${path}: no answer in 30 s`)));
      call.end(content);
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const text = await readAll(response);
    throw new KubeApiError(status, `${method} ${path}: ${status} ${messageOf(text)}`);
  }
}

const patchTypes: Record<Patch, string> = {
  "merge-patch": "merge-patch+json",
  "strategic-merge-patch": "strategic-merge-patch+json",
  "apply-patch": "apply-patch+yaml",
};

/** Resolves with undefined on one expected error status (404 not found, 409 already exists). */
export async function unlessStatus<T>(status: number, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === status) return undefined;
    throw error;
  }
}

/** Yields the lines of an answer until it ends, or until nothing has arrived for `silenceMs`. */
export async function* linesUntilSilence(
  response: IncomingMessage,
  silenceMs: number,
): AsyncGenerator<string> {
  const lines = createInterface({ input: response });
  response.setTimeout(silenceMs, () => response.destroy());
  // A destroyed answer emits no end event, and the loop over the lines would wait for ever.
  response.once("close", () => {
    lines.close();
  });
  yield* lines;
}

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return text;
}

function parseJson(text: string): unknown {
  return JSON.parse(text);
}

function parseEvent(line: string): WatchEvent {
  const event = parseJson(line);
  if (typeof event !== "object" || event === null || !("type" in event) || !("object" in event)) {
    throw new Error(`not a watch event: ${line.slice(0, 200)}`);
  }
  return { type: String(event.type), object: event.object };
}

/** Returns the message of an error: the API server answers with a Status object. */
function messageOf(text: string): string {
  try {
    const status = parseJson(text);
    if (typeof status === "object" && status !== null && "message" in status) {
      return String(status.message);
    }
  } catch {
    // Not JSON: readyz and proxies answer in plain text.
  }
  return text.trim();
}
