import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { readReleaseManifest, type ReleaseManifest } from "../../config/release-manifest.ts";

/** A substitute for a release's manifest: a small file under test/fixtures. */
export function fixtureRelease(name: "argocd-install" | "image-updater-install"): ReleaseManifest {
  const file = join(import.meta.dirname, "../fixtures", `${name}.yaml`);
  return {
    url: pathToFileURL(file).href,
    sha256: createHash("sha256").update(readFileSync(file)).digest("hex"),
  };
}

export const argoCdManifest = await readReleaseManifest(fixtureRelease("argocd-install"));
export const imageUpdaterManifest = await readReleaseManifest(
  fixtureRelease("image-updater-install"),
);
