import { digestOf } from "../../promotion/registry.ts";

/** The metadata of an image. */
export interface ImageFacts {
  /** The service, such as `localtime`. */
  readonly title: string;
  /** The commit it was built from, or what is known of it. */
  readonly revision: string;
  /** Tag or release of this build. */
  readonly version: string;
  /** When it was built. Image Updater's `newest-build` compares these dates. */
  readonly created: Date;
}

/** A file of an image. */
interface ImageFile {
  /** Relative to the image's root, without a leading slash. Up to 100 ASCII characters. */
  readonly path: string;
  /** Its permissions, such as 0o755. */
  readonly mode: number;
  readonly data: Buffer;
}

/** The files and the program of an image. */
export interface ImageContent {
  readonly files: readonly ImageFile[];
  /** Program and arguments; empty for an image that nobody runs. */
  readonly entrypoint: readonly string[];
  /** How it was made, for `docker history`. */
  readonly createdBy: string;
}

/** The platform of every image here: the nodes', whatever machine builds the image. */
export const platform = { os: "linux", architecture: "amd64" } as const;

/** A blob or manifest with the digest that names it. */
interface Content {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** An OCI image: its manifest, and the blobs that must be pushed before it. */
export interface OciImage {
  readonly manifest: Content;
  readonly blobs: readonly Content[];
}

const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  // Not compressed: compressors differ between machines and versions, and so would the digest.
  layer: "application/vnd.oci.image.layer.v1.tar",
};

/**
 * Returns an OCI image with one layer that runs as user 65532. The same facts and content give the same digest on every
 * machine.
 *
 * @param content default: one text file. Nothing can run it, so that its Pods are simulated, but it can be listed, copied by
 *   digest and asked for its date like any other image
 */
export function ociImage(facts: ImageFacts, content = placeholder(facts)): OciImage {
  const tar = tarOf(content.files, facts.created);
  const layer = blobOf(types.layer, tar);
  const created = facts.created.toISOString();
  const labels = {
    "org.opencontainers.image.created": created,
    "org.opencontainers.image.revision": facts.revision,
    "org.opencontainers.image.title": facts.title,
    "org.opencontainers.image.version": facts.version,
  };
  const config = blobOf(
    types.config,
    json({
      created,
      ...platform,
      config: {
        User: "65532:65532",
        ...(content.entrypoint.length > 0 && { Entrypoint: content.entrypoint }),
        Labels: labels,
      },
      rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
      history: [{ created, created_by: content.createdBy }],
    }),
  );
  const manifest = blobOf(
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

function placeholder({ title }: ImageFacts): ImageContent {
  const readme = `${title}\n\nAn example image of the twin. It holds this text and no program.\n`;
  return {
    files: [{ path: "README.md", mode: 0o644, data: Buffer.from(readme) }],
    entrypoint: [],
    createdBy: "idp twin up",
  };
}

function descriptor({ mediaType, digest, bytes }: Content) {
  return { mediaType, digest, size: bytes.length };
}

function blobOf(mediaType: string, bytes: Buffer): Content {
  return { mediaType, digest: digestOf(bytes), bytes };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Returns a tar archive (POSIX ustar: 512-byte blocks, octal numbers) that depends only on its files and its date. */
function tarOf(files: readonly ImageFile[], modified: Date): Buffer {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const entries = sorted.flatMap((file) => [
    tarHeader(file, modified),
    file.data,
    Buffer.alloc((512 - (file.data.length % 512)) % 512),
  ]);
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

function tarHeader({ path, mode, data }: ImageFile, modified: Date): Buffer {
  const header = Buffer.alloc(512);
  const put = (offset: number, text: string) => header.write(text, offset, "latin1");
  const octal = (offset: number, width: number, value: number) =>
    put(offset, `${value.toString(8).padStart(width - 1, "0")}\0`);
  put(0, path);
  octal(100, 8, mode);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, data.length);
  octal(136, 12, Math.floor(modified.getTime() / 1000));
  put(148, " ".repeat(8)); // The checksum is computed with its own field as blanks.
  put(156, "0");
  put(257, "ustar\0" + "00");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return header;
}
