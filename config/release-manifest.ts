import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { loadAll } from "js-yaml";
import { z } from "zod";
import { messageOf } from "../lib/message-of.ts";
import type { Settings, UpdatedImages } from "./schema.ts";

/** A Kubernetes object of a release manifest, with the parts that this program reads. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

const ManifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** The install manifest that a project publishes with a release. */
export interface ReleaseManifest {
  /** Where it is read: https:// or file://. */
  readonly url: string;
  /** Its sha256 in hex; any other file is refused. */
  readonly sha256: string;
}

/** Reads a release manifest. Rejects when it cannot be read. */
export type ReadRelease = (release: ReleaseManifest) => Promise<readonly Manifest[]>;

/** Release manifests are kept in git, one folder for each version: a run reads nothing from the network. */
const releases = join(import.meta.dirname, "releases");

function kept(...path: readonly string[]): string {
  return pathToFileURL(join(releases, ...path)).href;
}

/** Returns the release manifest of Argo CD that a stack's settings ask for. */
export function argoCdRelease(settings: Settings["argoCd"]): ReleaseManifest {
  const { version, highAvailability, manifestUrl, manifestSha256 } = settings;
  const file = highAvailability ? "ha/install.yaml" : "install.yaml";
  return { url: manifestUrl ?? kept("argo-cd", version, file), sha256: manifestSha256 };
}

/** Returns the release manifest of Image Updater that a stack's settings ask for. */
export function imageUpdaterRelease({
  version,
  manifestUrl,
  manifestSha256,
}: UpdatedImages["imageUpdater"]): ReleaseManifest {
  return {
    url: manifestUrl ?? kept("image-updater", version, "install.yaml"),
    sha256: manifestSha256,
  };
}

/**
 * Returns the objects of a release manifest after checking that it is the pinned one.
 * @throws Error when it cannot be read, or is not the pinned one
 */
export async function readReleaseManifest(release: ReleaseManifest): Promise<Manifest[]> {
  return manifestsIn(await readPinned(release));
}

/**
 * Returns the objects in the text of a release manifest. It uses js-yaml because every preview reads Argo CD's 2 MB:
 * js-yaml takes 0.4 s, and yaml, which keeps every comment and position, 1.7 s.
 */
function manifestsIn(bytes: Buffer): Manifest[] {
  return z.array(ManifestSchema).parse(loadAll(bytes.toString("utf8")).filter(Boolean));
}

/**
 * Returns the bytes of a release manifest, checked against the pinned sha256.
 * @param limitMs how long its server may take
 * @throws Error when it cannot be read, or is not the pinned one
 */
export async function readPinned(
  { url, sha256 }: ReleaseManifest,
  limitMs = 60_000,
): Promise<Buffer> {
  const bytes = await read(new URL(url), limitMs);
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== sha256) {
    throw new Error(
      `${url} is not the manifest that is pinned: sha256 is ${actual}, allowed is ${sha256}. ` +
        `Fix: check the release, then put its sha256 beside its version in Pulumi.<stack>.yaml.`,
    );
  }
  return bytes;
}

async function read(url: URL, limitMs: number): Promise<Buffer> {
  if (url.protocol === "file:") return readFileOf(url);
  const response = await fetch(url, { signal: AbortSignal.timeout(limitMs) });
  if (!response.ok) {
    throw new Error(
      `${url.href} answered ${response.status} ${response.statusText}. Fix: check the version in Pulumi.<stack>.yaml.`,
    );
  }
  return Buffer.from(await response.arrayBuffer());
}

async function readFileOf(url: URL): Promise<Buffer> {
  try {
    return await readFile(url);
  } catch (error) {
    throw new Error(
      `${fileURLToPath(url)} cannot be read: ${messageOf(error)}. ` +
        `Fix: put the release's manifest there, as docs/runbooks/argocd-upgrade.md says.`,
      { cause: error },
    );
  }
}
