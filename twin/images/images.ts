import { isFirstTag } from "../../catalog/new-service.ts";
import type { Environment } from "../../config/environments.ts";
import { digestOfTag, tagsOf, type Registry } from "../../promotion/registry.ts";
import { isServiceFile, servicesIn, type NamedService } from "../../promotion/services.ts";
import { filesAt } from "../git/git-repository.ts";
import { ociImage, type ImageContent } from "./oci-image.ts";
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
  /** One of the services that run it. */
  readonly service: string;
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
    return { image, service: users[0]?.name ?? image, tags };
  });
}

/** Build date of the first image of a repository. */
const firstBuild = new Date("2026-01-01T00:00:00Z");

/** The program of a service, as an image's content; undefined for a service whose source is not here. */
export type ContentOf = (service: string, version: string) => Promise<ImageContent | undefined>;

/**
 * Pushes an image for every tag that a service file names and its account's registry lacks: the service's program, or a
 * text for a service whose source is not here.
 * @returns what was pushed, such as `dev idp/localtime:sha-3f2a9c1`
 */
export async function seed(
  twin: Twin,
  services: readonly NamedService[],
  contentOf: ContentOf,
): Promise<string[]> {
  const pushed: string[] = [];
  for (const { image, service, tags } of seedImages(services)) {
    const missing: { environment: Environment; tag: string; registry: Registry }[] = [];
    for (const entry of tags) {
      const registry = twinRegistry(twin, entry.environment);
      if ((await digestOfTag(registry, image, entry.tag)) === undefined) {
        missing.push({ ...entry, registry });
      }
    }
    if (missing.length === 0) continue;
    const known = await Promise.all(missing.map(({ registry }) => tagsOf(registry, image)));
    const build = tags.find(({ tag }) => tag.startsWith("sha-"))?.tag;
    const release = tags.find(({ tag }) => tag.startsWith("v"))?.tag;
    const content = ociImage(
      {
        title: image,
        revision: build?.slice("sha-".length) ?? "unknown",
        version: release?.slice(1) ?? "unreleased",
        // The tag in git is the newest by definition: a later seed must not be older than the existing images.
        created: known.some((names) => names.length > 0) ? new Date() : firstBuild,
      },
      await contentOf(service, build ?? release ?? "unreleased"),
    );
    for (const { environment, tag, registry } of missing) {
      await pushImage(registry, image, tag, content);
      pushed.push(`${environment} ${image}:${tag}`);
    }
  }
  return pushed;
}
