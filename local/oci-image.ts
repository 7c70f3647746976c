import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

/** What a tiny image says of itself. */
export interface ImageFacts {
  /** The service, such as `localtime`. */
  readonly title: string;
  /** Commit it was built from, or what is known of it. */
  readonly revision: string;
  /** Release that this build became. */
  readonly version: string;
  /** When it was built: Image Updater's `newest-build` goes by it. */
  readonly created: Date;
}

/** A blob or manifest with the digest that names it. */
export interface Content {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An OCI image: its manifest, and the blobs that must be there before it. */
export interface OciImage {
  readonly manifest: Content;
  readonly blobs: readonly Content[];
}

const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar+gzip",
};

/**
 * A real, tiny OCI image with one text file in it: the twin's Pods are simulated, so nobody runs it, but it is pulled,
 * listed, copied by digest and asked for its date as any other. The same facts give the same digest.
 */
export function ociImage(facts: ImageFacts): OciImage {
  const readme = `${facts.title}\n\nAn example image of the twin. It holds this text and no program.\n`;
  const tar = tarOf("README.md", Buffer.from(readme), facts.created);
  const layer = content(types.layer, gzipSync(tar, { level: 9 }));
  const created = facts.created.toISOString();
  const labels = {
    "org.opencontainers.image.created": created,
    "org.opencontainers.image.revision": facts.revision,
    "org.opencontainers.image.title": facts.title,
    "org.opencontainers.image.version": facts.version,
  };
  const config = content(
    types.config,
    json({
      created,
      architecture: "amd64",
      os: "linux",
      config: { User: "65532:65532", Labels: labels },
      rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
      history: [{ created, created_by: "idp local up" }],
    }),
  );
  const manifest = content(
    types.manifest,
    json({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: descriptor(config),
      layers: [descriptor(layer)],
      annotations: labels,
    }),
  );
  return { manifest, blobs: [layer, config] };
}

function descriptor({ mediaType, digest, bytes }: Content) {
  return { mediaType, digest, size: bytes.length };
}

function content(mediaType: string, bytes: Buffer): Content {
  return { mediaType, digest: digestOf(bytes), bytes };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A tar archive with one file (POSIX ustar: 512-byte blocks, numbers in octal). */
function tarOf(name: string, data: Buffer, modified: Date): Buffer {
  const header = Buffer.alloc(512);
  const put = (offset: number, text: string) => header.write(text, offset, "latin1");
  const octal = (offset: number, width: number, value: number) =>
    put(offset, `${value.toString(8).padStart(width - 1, "0")}\0`);
  put(0, name);
  octal(100, 8, 0o644);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, data.length);
  octal(136, 12, Math.floor(modified.getTime() / 1000));
  put(148, " ".repeat(8)); // The checksum counts its own field as blanks.
  put(156, "0");
  put(257, "ustar\0" + "00");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  const padding = Buffer.alloc((512 - (data.length % 512)) % 512);
  return Buffer.concat([header, data, padding, Buffer.alloc(1024)]);
}
