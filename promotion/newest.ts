import pMap from "p-map";
import { isBuild, isRelease } from "../catalog/schema.ts";
import { createdOf, manifestOf, tagsOf, type Registry } from "./registry.ts";

/** Every build is asked for its date; so many at a time. */
const concurrency = 8;

/** The build that was made last, as Image Updater's `newest-build` takes it; undefined when there is none. */
export async function newestBuild(registry: Registry, image: string): Promise<string | undefined> {
  const builds = (await tagsOf(registry, image)).filter(isBuild);
  const dated = await pMap(
    builds,
    async (tag) => {
      const manifest = await manifestOf(registry, image, tag);
      const created = manifest && (await createdOf(registry, image, manifest));
      return { tag, time: created?.getTime() ?? 0 };
    },
    { concurrency },
  );
  return dated.sort((a, b) => b.time - a.time)[0]?.tag;
}

/** The releases that a registry has of an image, in no order. */
export async function releasesIn(registry: Registry, image: string): Promise<string[]> {
  return (await tagsOf(registry, image)).filter(isRelease);
}
