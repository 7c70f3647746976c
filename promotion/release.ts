import { isBuild, isRelease } from "../catalog/schema.ts";
import type { Environment } from "../config/environments.ts";
import { registryOf, snapshot, type Places } from "./platform.ts";
import {
  copyContent,
  digestOfTag,
  manifestOf,
  putManifest,
  tagsOf,
  type Registry,
} from "./registry.ts";
import { requireService } from "./services.ts";

/** A release to be made. */
export interface ReleaseRequest {
  readonly service: string;
  /** `vX.Y.Z`. */
  readonly version: string;
  /** Commit whose build becomes the release, 7 hex digits or more. @default the build that dev's file names */
  readonly commit?: string | undefined;
}

/** A release that is there now. */
export interface Released {
  readonly service: string;
  readonly version: string;
  /** Repository inside the registries, such as `idp/localtime`. */
  readonly image: string;
  /** The build in dev's registry. */
  readonly build: string;
  /** The one digest of the build and of the release. */
  readonly digest: string;
  /** Where the release was put now; empty when it was everywhere already. */
  readonly copiedTo: readonly Environment[];
}

/**
 * Where a release goes, in the order its tag appears: staging last, because its Image Updater acts on it at once, and a
 * version that staging runs should be one that prod can get.
 */
const targets = ["prod", "staging"] as const;

/**
 * Makes a build a release: copies its digest to staging's and prod's registry under the version. Nothing is rebuilt.
 * Everything is checked before anything is written, and the tags appear only when all content is there. The same
 * release again changes nothing.
 *
 * @throws Error when the version is no `vX.Y.Z` or is there with another digest, the service or the build does not
 *   exist, or the git server or a registry does not answer
 */
export async function release(places: Places, request: ReleaseRequest): Promise<Released> {
  const { service: name, version, commit } = request;
  if (!isRelease(version)) {
    throw new Error(
      `"${version}" is no version of a release; it must be v<major>.<minor>.<patch>, such as v1.2.3.\nNothing was changed.`,
    );
  }
  if (commit !== undefined && !/^[0-9a-f]{7,64}$/.test(commit)) {
    throw new Error(
      `"${commit}" is no commit; it must be 7 or more hex digits of the service's commit.\nNothing was changed.`,
    );
  }
  const now = await snapshot(places.repository);
  await places.repository.refuseUnpublished();
  const service = requireService(now.services, "dev", name);
  const build = commit === undefined ? service.tag : `sha-${commit.slice(0, 7)}`;
  const dev = await registryOf(places, now, "dev");
  const manifest = await manifestOf(dev, service.image, build);
  if (manifest === undefined) throw await missingBuild(dev, service.image, build);

  const found: { environment: Environment; registry: Registry; digest: string | undefined }[] = [];
  for (const environment of targets) {
    const registry = await registryOf(places, now, environment);
    const digest = await digestOfTag(registry, service.image, version);
    found.push({ environment, registry, digest });
  }
  const other = found.find(({ digest }) => digest !== undefined && digest !== manifest.digest);
  if (other) {
    throw new Error(
      `${service.image}:${version} is in ${other.environment}'s registry already, as another image: ${other.digest ?? ""}; ${build} is ${manifest.digest}.\nNothing was changed. Fix: a released version never changes: take the next one`,
    );
  }
  const missing = found.filter(({ digest }) => digest === undefined);
  for (const { registry } of missing) await copyContent(dev, registry, service.image, manifest);
  for (const { registry } of missing) await putManifest(registry, service.image, version, manifest);
  for (const { environment, registry } of missing) {
    const digest = await digestOfTag(registry, service.image, version);
    if (digest !== manifest.digest) {
      throw new Error(
        `${environment}'s registry has ${digest ?? "nothing"} as ${service.image}:${version} after ${manifest.digest} was copied there.`,
      );
    }
  }
  return {
    service: name,
    version,
    image: service.image,
    build,
    digest: manifest.digest,
    copiedTo: missing.map(({ environment }) => environment),
  };
}

async function missingBuild(dev: Registry, image: string, build: string): Promise<Error> {
  const builds = (await tagsOf(dev, image)).filter(isBuild);
  const some = builds.slice(-5).join(", ");
  return new Error(
    `dev's registry (${dev.url}) has no ${image}:${build}.\nNothing was changed. It has ${builds.length} build(s)${some ? `, such as ${some}` : ""}. Fix: --commit <a commit that was built>`,
  );
}
