import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { manifestsIn, readPinned, type ReleaseManifest } from "../config/release-manifest.ts";
import { cacheDir, toolsFolder } from "../lib/paths.ts";
import { writeWhole } from "../lib/write-file.ts";
import type { ToolName } from "../twin/toolchain/tools.ts";
import type { ReadRelease } from "../policy/repository/schemas.ts";

/** How long a release's server may take: a check has to end where there is no network, too. */
const limitMs = 10_000;

/** Manifests that the twin's tools ship. */
const shipped: readonly (readonly [tool: ToolName, file: string])[] = [
  ["argocd", "install.yaml"],
  ["argocd", "ha/install.yaml"],
  ["image-updater", "install.yaml"],
];

/**
 * A release's manifest: what was kept of it, or ships with a built tool, or else from its address; then it is kept in the
 * cache folder. Whatever it is, it has the pinned sha256.
 */
export const readKeptRelease: ReadRelease = (release) => {
  // Environments share releases.
  const known = releases.get(release.sha256) ?? read(release);
  releases.set(release.sha256, known);
  return known;
};

const releases = new Map<string, ReturnType<ReadRelease>>();

const read: ReadRelease = async (release) => {
  const kept = join(cacheDir(), "manifests", `${release.sha256}.yaml`);
  for (const file of [kept, ...(await shippedFiles())].filter(existsSync)) {
    const bytes = await pinnedFile(release, file);
    if (bytes) return manifestsIn(bytes);
  }
  const bytes = await readPinned(release, limitMs);
  writeWhole(kept, bytes);
  return manifestsIn(bytes);
};

async function pinnedFile({ sha256 }: ReleaseManifest, file: string): Promise<Buffer | undefined> {
  try {
    return await readPinned({ url: pathToFileURL(file).href, sha256 });
  } catch {
    // Another release's, or broken off: the address has the right one.
    return undefined;
  }
}

async function shippedFiles(): Promise<string[]> {
  // Where no tool was ever built, as on a runner, nothing of the twin is loaded.
  if (!existsSync(toolsFolder())) return [];
  const { sharePath } = await import("../twin/toolchain/locate.ts");
  return shipped.flatMap(([tool, file]) => {
    try {
      return [sharePath(tool, file)];
    } catch {
      // Not built.
      return [];
    }
  });
}
