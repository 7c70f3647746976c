import { z } from "zod";
import type { Clock } from "../../lib/clock.ts";
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

/** What a {@link Reflector} follows, and whom it tells. */
export interface ReflectorParts<T> {
  readonly api: Pick<KubeApi, "get" | "watch">;
  /** Path of the list, such as `/api/v1/pods`. */
  readonly path: string;
  /** Such as `labelSelector=...`. Default: everything. */
  readonly query?: string;
  readonly schema: z.ZodType<T>;
  /** An object is there or has changed. */
  readonly onChange: (object: T) => void;
  /** An object is gone; by `<namespace>/<name>`, and as it was. */
  readonly onGone: (key: string, object: T) => void;
  /** A list was read whole. */
  readonly onListed?: () => void;
  readonly clock: Clock;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** How soon a list that failed is asked for again. */
const retryMs = 500;

/**
 * A copy of what a list path gives: lists, watches, and lists again when the watch fails. The copy is complete once
 * {@link ready} resolves; while the API server is away it stays as it was.
 */
export class Reflector<T> {
  readonly #parts: ReflectorParts<T>;
  readonly #objects = new Map<string, T>();
  readonly #firstList = Promise.withResolvers<undefined>();

  constructor(parts: ReflectorParts<T>) {
    this.#parts = parts;
    void this.#follow();
  }

  /** Resolves once the copy is complete. */
  get ready(): Promise<undefined> {
    return this.#firstList.promise;
  }

  /** The object `<namespace>/<name>`; undefined when there is none. */
  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): T[] {
    return [...this.#objects.values()];
  }

  async #follow(): Promise<void> {
    const { clock, signal } = this.#parts;
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await this.#list();
        version = await this.#watch(version);
      } catch {
        // The API server is away, or the version is too old for it: list again in a moment.
        version = undefined;
        await clock.sleep(retryMs, signal);
      }
    }
  }

  async #list(): Promise<string> {
    const { api, path, query = "", onListed } = this.#parts;
    const list = List.parse(await api.get(`${path}?${query}`));
    const seen = new Set(list.items.map((item) => this.#take(item)));
    for (const key of [...this.#objects.keys()].filter((known) => !seen.has(known)))
      this.#drop(key);
    this.#firstList.resolve(undefined);
    onListed?.();
    return list.metadata.resourceVersion;
  }

  /** Follows a watch to its end and returns the version to go on from; undefined asks for a new list. */
  async #watch(from: string): Promise<string | undefined> {
    let version: string | undefined = from;
    const { api, path, query = "", signal } = this.#parts;
    await api.watch(
      `${path}?${query}&watch=1&allowWatchBookmarks=true&resourceVersion=${from}`,
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
    const object = this.#parts.schema.parse(item);
    this.#objects.set(key, object);
    this.#parts.onChange(object);
    return key;
  }

  #drop(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    this.#parts.onGone(key, object);
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
