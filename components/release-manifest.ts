import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { loadAll } from "js-yaml";
import { z } from "zod";

/** A Kubernetes object of a release manifest, as far as this program looks into it. */
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

/** A project's own install manifest of one release. */
export interface ReleaseManifest {
  /** Where it is read: https:// or file://. */
  readonly url: string;
  /** Its sha256 in hex; anything else is refused. */
  readonly sha256: string;
}

/**
 * Reads a release manifest and checks that it is the one that was pinned.
 * @throws Error when it cannot be read, or is another than the pinned one
 */
export async function readReleaseManifest({ url, sha256 }: ReleaseManifest): Promise<Manifest[]> {
  const bytes = await read(new URL(url));
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== sha256) {
    throw new Error(
      `${url} is not the manifest that is pinned: sha256 is ${actual}, allowed is ${sha256}. ` +
        `Fix: check the release, then put its sha256 beside its version in Pulumi.<stack>.yaml.`,
    );
  }
  return z.array(ManifestSchema).parse(loadAll(bytes.toString("utf8")).filter(Boolean));
}

async function read(url: URL): Promise<Buffer> {
  if (url.protocol === "file:") return readFile(url);
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  if (!response.ok) {
    throw new Error(
      `${url.href} answered ${response.status} ${response.statusText}. Fix: check the version in Pulumi.<stack>.yaml.`,
    );
  }
  return Buffer.from(await response.arrayBuffer());
}
