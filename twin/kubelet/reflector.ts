import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { KubeApi } from "../cluster/kube-api.ts";

const List = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(z.unknown()),
});
const Identified = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default(""),
    resourceVersion: z.string(),
  }),
});

/** What a {@link Reflector} tells: an object is there or changed, or it is gone. */
export interface Changes<T> {
  readonly onChange: (object: T) => void;
  readonly onGone: (key: string) => void;
  /** After each complete list. */
  readonly onListed?: () => void;
}

/**
 * Keeps a copy of what a list path gives: lists, watches, and lists again when the watch ends for good. Its copy is
 * complete once {@link ready} resolves; while the API server is away it keeps what it had.
 */
export class Reflector<T> {
  readonly #api: KubeApi;
  readonly #path: string;
  readonly #query: string;
  readonly #schema: z.ZodType<T>;
  readonly #changes: Changes<T>;
  readonly #objects = new Map<string, T>();
  readonly ready: Promise<void>;
  #isReady: () => void = () => undefined;

  /** @param query such as `labelSelector=...`, or empty. */
  constructor(
    api: KubeApi,
    path: string,
    query: string,
    schema: z.ZodType<T>,
    changes: Changes<T>,
    signal: AbortSignal,
  ) {
    this.#api = api;
    this.#path = path;
    this.#query = query;
    this.#schema = schema;
    this.#changes = changes;
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
    void this.#follow(signal);
  }

  /** Object by `<namespace>/<name>`. */
  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): T[] {
    return [...this.#objects.values()];
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.#list();
        version = await this.#watch(version, signal);
      } catch {
        // The API server is away, or the version is too old for it: list again in a moment.
        version = undefined;
        await sleep(500);
      }
    }
  }

  async #list(): Promise<string> {
    const list = List.parse(await this.#api.get(`${this.#path}?${this.#query}`));
    const seen = new Set(list.items.map((item) => this.#take(item)));
    for (const key of [...this.#objects.keys()].filter((known) => !seen.has(known)))
      this.#drop(key);
    this.#isReady();
    this.#changes.onListed?.();
    return list.metadata.resourceVersion;
  }

  /** Follows a watch to its end and returns the version to go on from; undefined asks for a new list. */
  async #watch(from: string, signal: AbortSignal): Promise<string | undefined> {
    let version: string | undefined = from;
    const query = `${this.#query}&watch=1&allowWatchBookmarks=true&resourceVersion=${from}`;
    await this.#api.watch(
      `${this.#path}?${query}`,
      ({ type, object }) => {
        if (type === "ERROR") {
          version = undefined;
          return;
        }
        if (type === "DELETED") this.#drop(keyOf(object));
        else if (type !== "BOOKMARK") this.#take(object);
        if (version !== undefined) version = versionOf(object);
      },
      signal,
    );
    return version;
  }

  #take(item: unknown): string {
    const key = keyOf(item);
    const object = this.#schema.parse(item);
    this.#objects.set(key, object);
    this.#changes.onChange(object);
    return key;
  }

  #drop(key: string): void {
    if (this.#objects.delete(key)) this.#changes.onGone(key);
  }
}

function keyOf(object: unknown): string {
  const { name, namespace } = Identified.parse(object).metadata;
  return `${namespace}/${name}`;
}

function versionOf(object: unknown): string {
  return z.object({ metadata: z.object({ resourceVersion: z.string() }) }).parse(object).metadata
    .resourceVersion;
}
