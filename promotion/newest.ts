import pMap from "p-map";
import { compareReleases } from "../catalog/compare-releases.ts";
import { isBuild, isRelease } from "../catalog/schema.ts";
import type { CachedRegistry } from "./cached-registry.ts";
import { buildOf, manifestOf, tagsOf, type Build, type Registry } from "./registry.ts";

/** How many builds' dates are read at once. */
const concurrency = 8;

/**
 * Returns the latest build, the one that Image Updater's `newest-build` takes: of several with one date the last by name.
 * Undefined when none has a date.
 */
export async function newestBuild(registry: Registry, image: string): Promise<string | undefined> {
  const builds = (await tagsOf(registry, image)).filter(isBuild);
  const dated = await pMap(
    builds,
    async (tag) => {
      const manifest = await manifestOf(registry, image, tag);
      const time = timeOf(manifest && (await buildOf(registry, image, manifest)));
      return time === -Infinity ? [] : [{ tag, time }];
    },
    { concurrency },
  );
  return dated.flat().sort((a, b) => b.time - a.time || (a.tag < b.tag ? 1 : -1))[0]?.tag;
}

/** Returns an image's releases in a registry, in no particular order. */
export async function releasesIn(registry: Registry, image: string): Promise<string[]> {
  return (await tagsOf(registry, image)).filter(isRelease);
}

/** An image's other builds, as Image Updater compares them with one. */
export interface OtherBuilds {
  /** Made later, newest first: those that it would take. */
  readonly newer: readonly string[];
  /** Other images of the same date: it takes the last of them by name, so whether that is the newest nobody knows. */
  readonly asOld: readonly string[];
  /** Made later, and not for linux/amd64: it takes none of them. */
  readonly foreign: readonly string[];
}

/** Returns the builds that are not older than a tag's image. */
export async function otherBuilds(
  registry: CachedRegistry,
  repository: string,
  tag: string,
): Promise<OtherBuilds> {
  const running = await registry.image(repository, tag);
  const own = timeOf(running);
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
    async (name) => ({ name, image: await registry.image(repository, name) }),
    { concurrency },
  );
  const named = (found: typeof dated) => found.map(({ name }) => name);
  return {
    newer: named(
      dated
        .filter(({ image }) => timeOf(image) > own)
        .sort((a, b) => timeOf(b.image) - timeOf(a.image)),
    ),
    asOld: named(
      dated.filter(
        ({ image }) =>
          own !== -Infinity && timeOf(image) === own && image?.digest !== running?.digest,
      ),
    ),
    foreign: named(
      dated.filter(
        ({ image }) => image?.isForNodes === false && (image.created?.getTime() ?? -Infinity) > own,
      ),
    ),
  };
}

/** A build without a date, or for other nodes, counts as older than any other. */
function timeOf(build: Build | undefined): number {
  return (build?.isForNodes === true ? build.created?.getTime() : undefined) ?? -Infinity;
}

/** Returns the releases in `tags` higher than `tag`, highest first; all releases when `tag` is not one. */
export function higherReleases(tags: readonly string[], tag: string): string[] {
  return [...new Set(tags)]
    .filter((name) => isRelease(name) && (!isRelease(tag) || compareReleases(name, tag) > 0))
    .sort((a, b) => compareReleases(b, a));
}
