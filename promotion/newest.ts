import pMap from "p-map";
import { compareReleases } from "../catalog/compare-releases.ts";
import { isBuild, isRelease } from "../catalog/schema.ts";
import type { CachedRegistry, Image } from "./cached-registry.ts";
import { createdOf, manifestOf, tagsOf, type Registry } from "./registry.ts";

/** How many builds' dates are read at once. */
const concurrency = 8;

/** Returns the latest build, the one that Image Updater's `newest-build` takes; undefined when none has a date. */
export async function newestBuild(registry: Registry, image: string): Promise<string | undefined> {
  const builds = (await tagsOf(registry, image)).filter(isBuild);
  const dated = await pMap(
    builds,
    async (tag) => {
      const manifest = await manifestOf(registry, image, tag);
      const created = manifest && (await createdOf(registry, image, manifest));
      return created === undefined ? [] : [{ tag, time: created.getTime() }];
    },
    { concurrency },
  );
  return dated.flat().sort((a, b) => b.time - a.time)[0]?.tag;
}

/** Returns an image's releases in a registry, in no particular order. */
export async function releasesIn(registry: Registry, image: string): Promise<string[]> {
  return (await tagsOf(registry, image)).filter(isRelease);
}

/** Returns the builds made later than a tag's image, newest first: those that Image Updater would take. */
export async function newerBuilds(
  registry: CachedRegistry,
  repository: string,
  tag: string,
): Promise<string[]> {
  const own = timeOf(await registry.image(repository, tag));
  const [tags, pushed] = await Promise.all([
    registry.tags(repository),
    registry.pushTimes(repository),
  ]);
  const builds = tags.filter(
    (name) =>
      isBuild(name) &&
      name !== tag &&
      // An image is pushed after it is built. One pushed before this one was built is therefore older: skip it.
      (pushed?.get(name)?.getTime() ?? Infinity) > own,
  );
  const dated = await pMap(
    builds,
    async (name) => ({ name, time: timeOf(await registry.image(repository, name)) }),
    { concurrency },
  );
  return dated
    .filter(({ time }) => time > own)
    .sort((a, b) => b.time - a.time)
    .map(({ name }) => name);
}

/** An image without a date counts as older than any other. */
function timeOf(image: Image | undefined): number {
  return image?.built?.getTime() ?? -Infinity;
}

/** Returns the releases in `tags` higher than `tag`, highest first; all releases when `tag` is not one. */
export function higherReleases(tags: readonly string[], tag: string): string[] {
  return [...new Set(tags)]
    .filter((name) => isRelease(name) && (!isRelease(tag) || compareReleases(name, tag) > 0))
    .sort((a, b) => compareReleases(b, a));
}
