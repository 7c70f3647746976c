import * as pulumi from "@pulumi/pulumi";
import { imageNames, programReads, readCatalog } from "./catalog/read.ts";
import { committedRegistryHost } from "./config/committed.ts";
import { loadStack } from "./config/load.ts";
import {
  argoCdRelease,
  imageUpdaterRelease,
  readReleaseManifest,
} from "./config/release-manifest.ts";
import { registryHost } from "./config/schema.ts";
import { readStackFiles } from "./config/stack-files.ts";

/**
 * Everything that the program reads before it makes anything: the stack's settings, its environment's service files, and
 * the release manifests it installs.
 *
 * @param root the repository's root
 * @throws what is wrong with them, before any resource is registered
 */
export async function readInputs(root: string) {
  try {
    return await read(root);
  } catch (error) {
    // A mistake in a file: the message is the whole story, a stack trace would hide it.
    throw error instanceof Error ? new pulumi.RunError(error.message) : error;
  }
}

async function read(root: string) {
  const stackFiles = readStackFiles(root);
  const { environment, settings, githubApp } = loadStack(stackFiles);
  const { images, argoCd } = settings;
  const updated = images.strategy === "pinned" ? undefined : images;
  const [catalog, argoCdManifest, imageUpdaterManifest] = await Promise.all([
    readCatalog(root, environment, {
      registryHost: committedRegistryHost(stackFiles, environment),
      strategy: images.strategy,
      domain: settings.domain,
    }),
    readReleaseManifest(argoCdRelease(argoCd)),
    updated && readReleaseManifest(imageUpdaterRelease(updated.imageUpdater)),
  ]);
  const host = registryHost(settings.aws);
  return {
    environment,
    settings,
    githubApp,
    argoCdManifest,
    /** Undefined where the strategy wants no image updates. */
    imageUpdater: updated &&
      imageUpdaterManifest && {
        manifest: imageUpdaterManifest,
        intervalSeconds: updated.imageUpdater.intervalSeconds,
        registryApiUrl: updated.registryApiUrl,
      },
    /** Host of the account's registry. */
    registryHost: host,
    /** Repositories the registry must hold, sorted. */
    repositories: imageNames(catalog),
    /** The environment's services, with the names of their images in the account's registry. */
    services: programReads(catalog).map(({ name, image }) => ({ name, image: `${host}/${image}` })),
  };
}
