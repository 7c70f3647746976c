import { isFirstTag } from "../../catalog/new-service.ts";
import type { Environment } from "../../config/environments.ts";
import { digestOfTag, tagsOf, type Registry } from "../../promotion/registry.ts";
import { isServiceFile, servicesIn, type NamedService } from "../../promotion/services.ts";
import { filesAt } from "../git/git-repository.ts";
import { ociImage } from "./oci-image.ts";
import { pushImage } from "./registry.ts";
import { twinPaths, twinRegistry, type Twin } from "../state/twin.ts";

/** Returns the services on the twin's branch, sorted by environment and name. Invalid files are left out. */
export async function namedServices(
  repository = twinPaths().repository,
  revision = "main",
): Promise<NamedService[]> {
  return servicesIn(await filesAt(repository, revision, isServiceFile));
}

/** An image to push: one build, with a tag for each account whose registry lacks it. */
export interface SeedImage {
  readonly image: string;
  readonly tags: readonly { readonly environment: Environment; readonly tag: string }[];
}

/**
 * Returns the images that the services name, one for each repository, with one digest in all accounts as after a
 * promotion. A service without an image gets none.
 */
export function seedImages(services: readonly NamedService[]): SeedImage[] {
  const built = services.filter(({ tag }) => !isFirstTag(tag));
  const images = [...new Set(built.map(({ image }) => image))];
  return images.map((image) => {
    const users = built.filter((service) => service.image === image);
    const tags = users.filter(
      ({ environment, tag }, index) =>
        users.findIndex((user) => user.environment === environment && user.tag === tag) === index,
    );
    return { image, tags };
  });
}

/** Build date of the first image of a repository. */
const firstBuild = new Date("2026-01-01T00:00:00Z");

/**
 * Pushes an example image for every tag that a service file names and its account's registry lacks.
 * @returns what was pushed, such as `dev idp/localtime:sha-3f2a9c1`
 */
export async function seed(twin: Twin, services: readonly NamedService[]): Promise<string[]> {
  const pushed: string[] = [];
  for (const { image, tags } of seedImages(services)) {
    const missing: { environment: Environment; tag: string; registry: Registry }[] = [];
    for (const entry of tags) {
      const registry = twinRegistry(twin, entry.environment);
      if ((await digestOfTag(registry, image, entry.tag)) === undefined) {
        missing.push({ ...entry, registry });
      }
    }
    if (missing.length === 0) continue;
    const known = await Promise.all(missing.map(({ registry }) => tagsOf(registry, image)));
    const content = ociImage({
      title: image,
      revision:
        tags.find(({ tag }) => tag.startsWith("sha-"))?.tag.slice("sha-".length) ?? "unknown",
      version: tags.find(({ tag }) => tag.startsWith("v"))?.tag.slice(1) ?? "unreleased",
      // The tag in git is the newest by definition: a later seed must not be older than the existing images.
      created: known.some((names) => names.length > 0) ? new Date() : firstBuild,
    });
    for (const { environment, tag, registry } of missing) {
      await pushImage(registry, image, tag, content);
      pushed.push(`${environment} ${image}:${tag}`);
    }
  }
  return pushed;
}
