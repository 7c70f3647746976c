import {
  buildOf,
  manifestOf,
  SilentRegistry,
  tagsOf,
  type Build,
  type Registry,
} from "./registry.ts";

/** An image in a registry. */
export interface Image extends Build {
  readonly digest: string;
}

/**
 * An environment's registry for many readers. It keeps every answer, and sends nothing more after the first request
 * that gets no answer.
 */
export class CachedRegistry {
  readonly #registry: Registry;
  readonly #images = new Map<string, Promise<Image | undefined>>();
  readonly #tags = new Map<string, Promise<string[]>>();
  readonly #pushTimes = new Map<string, Promise<ReadonlyMap<string, Date> | undefined>>();
  #silence: SilentRegistry | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The first failure to answer; undefined while the registry answers. */
  get silence(): SilentRegistry | undefined {
    return this.#silence;
  }

  /** Returns the image behind a tag; undefined when there is none. */
  image(repository: string, tag: string): Promise<Image | undefined> {
    return memoised(this.#images, `${repository}:${tag}`, () =>
      this.#ask(async (registry) => {
        const manifest = await manifestOf(registry, repository, tag);
        if (manifest === undefined) return undefined;
        return { digest: manifest.digest, ...(await buildOf(registry, repository, manifest)) };
      }),
    );
  }

  /** Returns every tag of a repository. */
  tags(repository: string): Promise<string[]> {
    return memoised(this.#tags, repository, () =>
      this.#ask((registry) => tagsOf(registry, repository)),
    );
  }

  /** Returns when each tag of a repository was pushed; undefined when the registry does not say. */
  pushTimes(repository: string): Promise<ReadonlyMap<string, Date> | undefined> {
    return memoised(this.#pushTimes, repository, () =>
      this.#ask(async ({ pushTimes }) => pushTimes?.(repository)).catch(() => undefined),
    );
  }

  async #ask<T>(question: (registry: Registry) => Promise<T>): Promise<T> {
    if (this.#silence) throw this.#silence;
    try {
      return await question(this.#registry);
    } catch (error) {
      if (error instanceof SilentRegistry) this.#silence ??= error;
      throw error;
    }
  }
}

function memoised<T>(
  known: Map<string, Promise<T>>,
  key: string,
  work: () => Promise<T>,
): Promise<T> {
  const found = known.get(key) ?? work();
  known.set(key, found);
  return found;
}
