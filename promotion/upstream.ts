import pMap from "p-map";
import { compareReleases } from "../catalog/compare-releases.ts";
import { isBuild, isRelease } from "../catalog/schema.ts";
import { createdOf, manifestOf, SilentRegistry, tagsOf, type Registry } from "./registry.ts";

/** An image as a registry has it. */
export interface Image {
  readonly digest: string;
  /** When it was built, as it says itself. */
  readonly built: Date | undefined;
}

/** Builds of one repository that are looked at together. */
const buildsAtATime = 8;

/**
 * One environment's registry, to be read by many: what was asked once is not asked again, and a registry that did not
 * answer once is not asked anything more.
 */
export class Upstream {
  readonly #registry: Registry;
  readonly #images = new Map<string, Promise<Image | undefined>>();
  readonly #tags = new Map<string, Promise<string[]>>();
  readonly #pushTimes = new Map<string, Promise<ReadonlyMap<string, Date> | undefined>>();
  #silence: SilentRegistry | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** How it did not answer, the first time that it did not. */
  get silence(): SilentRegistry | undefined {
    return this.#silence;
  }

  /** The image behind a tag; undefined when there is none. */
  image(repository: string, tag: string): Promise<Image | undefined> {
    return once(this.#images, `${repository}:${tag}`, () =>
      this.#ask(async (registry) => {
        const manifest = await manifestOf(registry, repository, tag);
        if (manifest === undefined) return undefined;
        const built = await createdOf(registry, repository, manifest);
        return { digest: manifest.digest, built };
      }),
    );
  }

  /** Every tag of a repository. */
  tags(repository: string): Promise<string[]> {
    return once(this.#tags, repository, () =>
      this.#ask((registry) => tagsOf(registry, repository)),
    );
  }

  /** When each tag of a repository was pushed; undefined when the registry does not say. */
  pushTimes(repository: string): Promise<ReadonlyMap<string, Date> | undefined> {
    return once(this.#pushTimes, repository, () =>
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

function once<T>(known: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? work();
  known.set(key, found);
  return found;
}

/** The builds that are newer than a tag's image by their own dates, newest first: what Image Updater would take. */
export async function newerBuilds(
  upstream: Upstream,
  repository: string,
  tag: string,
): Promise<string[]> {
  const own = timeOf(await upstream.image(repository, tag));
  const [tags, pushed] = await Promise.all([
    upstream.tags(repository),
    upstream.pushTimes(repository),
  ]);
  const builds = tags.filter(
    (name) =>
      isBuild(name) &&
      name !== tag &&
      // Nothing is built after it was pushed: what was pushed before the other was built need not be looked at.
      (pushed?.get(name)?.getTime() ?? Infinity) > own,
  );
  const dated = await pMap(
    builds,
    async (name) => ({ name, time: timeOf(await upstream.image(repository, name)) }),
    { concurrency: buildsAtATime },
  );
  return dated
    .filter(({ time }) => time > own)
    .sort((a, b) => b.time - a.time)
    .map(({ name }) => name);
}

/** An image without a date is older than any other. */
function timeOf(image: Image | undefined): number {
  return image?.built?.getTime() ?? -Infinity;
}

/** The releases among `tags` that are higher than `tag`, highest first; all of them when `tag` is no release. */
export function higherReleases(tags: readonly string[], tag: string): string[] {
  return [...new Set(tags)]
    .filter((name) => isRelease(name) && (!isRelease(tag) || compareReleases(name, tag) > 0))
    .sort((a, b) => compareReleases(b, a));
}
