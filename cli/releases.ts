import { readReleaseManifest, type ReadRelease } from "../config/release-manifest.ts";

/** Returns a release's manifest; one that several environments share is read once. */
export const readReleaseOnce: ReadRelease = (release) => {
  const known = releases.get(release.sha256) ?? readReleaseManifest(release);
  releases.set(release.sha256, known);
  return known;
};

const releases = new Map<string, ReturnType<ReadRelease>>();
