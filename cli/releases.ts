import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  manifestsIn,
  readPinned,
  type ReadRelease,
  type ReleaseManifest,
} from "../config/release-manifest.ts";
import { cacheDir, toolsFolder } from "../lib/paths.ts";
import { writeWhole } from "../lib/write-file.ts";
import type { ToolName } from "../twin/toolchain/tools.ts";

/** How long a release's server may take: a check has to end even without a network. */
const limitMs = 10_000;

/** Manifests that ship with the twin's tools. */
const shipped: readonly (readonly [tool: ToolName, file: string])[] = [
  ["argocd", "install.yaml"],
  ["argocd", "ha/install.yaml"],
  ["image-updater", "install.yaml"],
];

/**
 * Returns a release's manifest: from the cache folder, from a built tool, or else from its address, and then keeps it
 * in the cache folder. It always has the pinned sha256.
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
    // The file is another release's or is cut short: the address has the right one.
    return undefined;
  }
}

async function shippedFiles(): Promise<string[]> {
  // Where no tool was ever built, as on a runner, the twin's modules are not loaded.
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
