import { isBuild, isRelease } from "../catalog/schema.ts";
import type { Environment } from "../config/environments.ts";
import { UsageError } from "../lib/usage-error.ts";
import { registryOf, snapshot, type Workspace, type Snapshot } from "./workspace.ts";
import {
  copyContent,
  digestOfTag,
  manifestOf,
  putManifest,
  tagsOf,
  type Manifest,
  type Registry,
} from "./registry.ts";
import { requireService } from "./require-service.ts";

/** A release to make. */
export interface ReleaseRequest {
  readonly service: string;
  /** `vX.Y.Z`. */
  readonly version: string;
  /** Commit whose build becomes the release, 7 hex digits or more. @default the build that dev's file names */
  readonly commit?: string | undefined;
  /**
   * Environment whose registry already has the release. It is copied from there, and `commit` is ignored.
   * @default the release is made from a build in dev's registry
   */
  readonly from?: ReleaseEnvironment | undefined;
}

/** A release that both registries now have. */
export interface Released {
  readonly service: string;
  readonly version: string;
  /** Repository inside the registries, such as `idp/localtime`. */
  readonly image: string;
  /** The build in dev's registry; null when the release came from another environment's. */
  readonly build: string | null;
  /** The digest of the release and of the build. */
  readonly digest: string;
  /** Where this run put the release; empty when it was already everywhere. */
  readonly copiedTo: readonly Environment[];
}

/**
 * The environments whose registries hold releases, in the order in which they get a release's tag. Staging is last: its
 * Image Updater acts at once, and whatever staging runs should be available to prod.
 */
export const releaseEnvironments = ["prod", "staging"] as const;
/** One of {@link releaseEnvironments}. */
export type ReleaseEnvironment = (typeof releaseEnvironments)[number];

/**
 * Makes a build a release: copies its digest to staging's and prod's registries under the version. With `from`, copies
 * a release from one of the two to the other. Nothing is rebuilt. Everything is checked before anything is written, and
 * the tags appear only when all content is there. Repeating a release changes nothing.
 *
 * @throws Error when the version is not `vX.Y.Z` or exists with another digest; when the service, the build or the
 *   release to copy does not exist; or when the git server or a registry does not answer
 */
export async function release(workspace: Workspace, request: ReleaseRequest): Promise<Released> {
  const { service, version } = request;
  refuseMalformed(request);
  const now = await snapshot(workspace.repository);
  await workspace.repository.refuseUnpublished();
  const source = await sourceOf(workspace, now, request);
  const { image, manifest } = source;

  const found: { environment: Environment; registry: Registry; digest: string | undefined }[] = [];
  for (const environment of releaseEnvironments) {
    const registry = await registryOf(workspace, now, environment);
    found.push({ environment, registry, digest: await digestOfTag(registry, image, version) });
  }
  const other = found.find(({ digest }) => digest !== undefined && digest !== manifest.digest);
  if (other) {
    throw new Error(
      `${image}:${version} is in ${other.environment}'s registry already, as another image: ${other.digest ?? ""}; ${source.environment}'s ${source.tag} is ${manifest.digest}.\nNothing was changed. Fix: a released version never changes: release this build under the next version`,
    );
  }
  const missing = found.filter(({ digest }) => digest === undefined);
  for (const { registry } of missing) await copyContent(source.registry, registry, image, manifest);
  for (const { registry } of missing) await putManifest(registry, image, version, manifest);
  for (const { environment, registry } of missing) {
    const digest = await digestOfTag(registry, image, version);
    if (digest !== manifest.digest) {
      throw new Error(
        `${environment}'s registry has ${digest ?? "nothing"} as ${image}:${version} after ${manifest.digest} was copied there.`,
      );
    }
  }
  return {
    ...{ service, version, image },
    build: source.environment === "dev" ? source.tag : null,
    digest: manifest.digest,
    copiedTo: missing.map(({ environment }) => environment),
  };
}

function refuseMalformed({ version, commit }: ReleaseRequest): void {
  if (!isRelease(version)) {
    throw new UsageError(
      `"${version}" is not a release version; it must be v<major>.<minor>.<patch>, such as v1.2.3.\nNothing was changed.`,
    );
  }
  if (commit !== undefined && !/^[0-9a-f]{7,64}$/.test(commit)) {
    throw new UsageError(
      `"${commit}" is not a commit; it must be 7 or more hex digits of the service's commit.\nNothing was changed.`,
    );
  }
}

/** The image that is or becomes the release, and the registry that has it. */
interface Source {
  readonly environment: Environment;
  readonly registry: Registry;
  /** Repository inside the registries. */
  readonly image: string;
  /** The build's, or the release's own. */
  readonly tag: string;
  readonly manifest: Manifest;
}

async function sourceOf(
  workspace: Workspace,
  now: Snapshot,
  { service: name, version, commit, from }: ReleaseRequest,
): Promise<Source> {
  const environment = from ?? "dev";
  const service = await requireService(workspace.repository, now, environment, name);
  const { image } = service;
  const build = commit === undefined ? service.tag : `sha-${commit.slice(0, 7)}`;
  const tag = from === undefined ? build : version;
  const registry = await registryOf(workspace, now, environment);
  const manifest = await manifestOf(registry, image, tag);
  if (manifest !== undefined) return { environment, registry, image, tag, manifest };
  const [what, isOne, fix] =
    from === undefined
      ? ["build", isBuild, "--commit <a commit that was built>"]
      : ["release", isRelease, "release the build that it was made from: --commit <its commit>"];
  const there = (await tagsOf(registry, image)).filter(isOne);
  const some = there.slice(-5).join(", ");
  throw new Error(
    `${environment}'s registry (${registry.url}) has no ${image}:${tag}.\nNothing was changed. It has ${there.length} ${what}(s)${some ? `, such as ${some}` : ""}. Fix: ${fix}`,
  );
}
