import { createHash, randomUUID } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { messageOf } from "../../lib/message-of.ts";
import { manifestOf } from "../../promotion/registry.ts";
import type { Manifest, Registry } from "../../promotion/registry.ts";
import { commandLine, ImageConfig } from "./image-config.ts";
import type { CommandWords } from "./image-config.ts";
import { ImagePullError } from "./runtime.ts";

/** An image in the ECR of an account. */
export interface EcrImage {
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
  /** Such as `idp/localtime`. */
  readonly repository: string;
  /** Tag, or `sha256:<64 hex digits>`. Default `latest`. */
  readonly reference: string;
}

/** An image that is ready to run. */
export interface PulledImage {
  /** Of the manifest that the image's name leads to: an index where it is one. */
  readonly digest: string;
  /** Its files. Nothing may write to them. */
  readonly folder: string;
  readonly config: ImageConfig;
}

/** What an {@link ImageStore} needs. */
export interface ImageStoreParts {
  /** Folder of all images: one folder for each, and `blobs`. */
  readonly folder: string;
  /** The registry that plays an account's ECR; undefined for an account that the twin does not have. */
  readonly registryOf: (account: string) => Registry | undefined;
  /** Runs podbox with arguments; rejects when it fails. */
  readonly podbox: (args: readonly string[]) => Promise<unknown>;
  /** What this machine runs, as images name it: see {@link architectureOf}. */
  readonly architecture: string;
}

/** The image is there and cannot run here. The Pod is to be simulated; the message says why. */
export class SimulatedImage extends Error {
  override readonly name = "SimulatedImage";
}

/** The platform of the nodes, which a kubelet asks an index for. */
const nodes = { os: "linux", architecture: "amd64" } as const;

/** The registry is on this machine: after this long it has stopped. */
const downloadLimitMs = 600_000;

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Descriptor = z.object({ mediaType: z.string(), digest: Digest, size: z.int() });
type Descriptor = z.infer<typeof Descriptor>;
const Platform = z.object({ os: z.string(), architecture: z.string() });
const Index = z.object({
  manifests: z.array(Descriptor.extend({ platform: Platform.optional() })),
});
const ImageManifest = z.object({ config: Descriptor, layers: z.array(Descriptor) });
/** OCI distribution specification, "Error Codes". */
const Refusal = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().default("") })).min(1),
});

/** One part of a repository's name (OCI distribution specification, "Pulling manifests"). */
const word = "[a-z0-9]+(?:(?:[.]|__?|-+)[a-z0-9]+)*";
/** An image's name in ECR: `<12 digits>.dkr.ecr.<region>.amazonaws.com/<repository>[:<tag>][@<digest>]`. */
const ecrName = new RegExp(
  String.raw`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/(${word}(?:\/${word})*)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/** The image of ECR that a name stands for; undefined for one of another registry. A digest counts more than a tag. */
export function parseEcrImage(name: string): EcrImage | undefined {
  const parts = ecrName.exec(name);
  if (parts === null) return undefined;
  const [, account = "", region = "", repository = "", tag = "latest", digest = tag] = parts;
  return { account, region, repository, reference: digest };
}

/** The name in images of what a Node.js process runs on (`process.arch`), as Go calls it. */
export function architectureOf(nodeArch: string): string {
  return nodeArchitectures[nodeArch] ?? nodeArch;
}

const nodeArchitectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** The images of a cluster's Pods. Each is pulled and unpacked once, whoever asks for it and how often. */
export class ImageStore {
  readonly #parts: ImageStoreParts;
  /** What is made now, by its path. */
  readonly #making = new Map<string, Promise<void>>();

  constructor(parts: ImageStoreParts) {
    this.#parts = parts;
  }

  /**
   * Pulls the image unless it is here, and unpacks it. The registry is asked each time where a tag leads to, as under
   * `imagePullPolicy: Always`.
   *
   * @param name as the Pod has it
   * @param container what it runs in place of the image's program
   * @throws ImagePullError when the image cannot be had
   * @throws SimulatedImage when it cannot run here: it has no program, or is for another architecture. Its layers are not
   *   pulled then
   */
  async pull(name: string, container: CommandWords): Promise<PulledImage> {
    try {
      return await this.#pull(name, container);
    } catch (error) {
      if (error instanceof ImagePullError || error instanceof SimulatedImage) throw error;
      throw new ImagePullError(`failed to pull image "${name}": ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  async #pull(name: string, container: CommandWords): Promise<PulledImage> {
    const image = parseEcrImage(name);
    if (image === undefined) {
      throw new Error(
        "it is not in ECR; allowed is <12 digits>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>",
      );
    }
    const { account, repository, reference } = image;
    const registry = this.#parts.registryOf(account);
    if (registry === undefined) throw new Error(`the twin has no account ${account}`);
    const named = await readManifest(registry, repository, reference);
    const manifest = await forNodes(registry, repository, named);
    const { config: descriptor, layers } = parsed(ImageManifest, manifest);
    const config = ImageConfig.parse(
      json(await readFile(await this.#blob(registry, repository, descriptor))),
    );
    refuseToRun(name, config, container, this.#parts.architecture);
    // No colon in the name: it separates folders in the mount of an overlay.
    const folder = join(this.#parts.folder, hexOf(manifest.digest));
    await this.#make(folder, () => this.#unpack(registry, repository, layers, folder));
    return { digest: named.digest, folder, config };
  }

  /** Makes a file or folder unless it is there. Both appear when all is in them: what is there is whole. */
  #make(path: string, make: () => Promise<void>): Promise<void> {
    const running = this.#making.get(path);
    if (running !== undefined) return running;
    if (existsSync(path)) return Promise.resolve();
    const started = make().finally(() => this.#making.delete(path));
    this.#making.set(path, started);
    return started;
  }

  async #unpack(
    registry: Registry,
    repository: string,
    layers: readonly Descriptor[],
    folder: string,
  ): Promise<void> {
    const files: string[] = [];
    for (const layer of layers) {
      if (layer.mediaType.endsWith("zstd")) {
        throw new Error(`layer ${layer.digest} is ${layer.mediaType}; allowed are tar and gzip`);
      }
      files.push(await this.#blob(registry, repository, layer));
    }
    try {
      await this.#parts.podbox(["unpack", folder, ...files]);
    } catch (error) {
      // Another cluster's kubelet may have been faster.
      if (!existsSync(folder)) throw error;
    }
  }

  /** The file with a blob's content, which is what its digest says. */
  async #blob(registry: Registry, repository: string, descriptor: Descriptor): Promise<string> {
    const blobs = join(this.#parts.folder, "blobs");
    const file = join(blobs, hexOf(descriptor.digest));
    await this.#make(file, async () => {
      await mkdir(blobs, { recursive: true, mode: 0o700 });
      const aside = `${file}.${randomUUID()}`;
      try {
        await download(registry, repository, descriptor, aside);
        await rename(aside, file);
      } finally {
        await rm(aside, { force: true });
      }
    });
    return file;
  }
}

/** @throws SimulatedImage */
function refuseToRun(
  name: string,
  config: ImageConfig,
  container: CommandWords,
  architecture: string,
): void {
  if (commandLine(container, config).length === 0) {
    throw new SimulatedImage(`image "${name}" has no program, and the container no command`);
  }
  const { os = nodes.os, architecture: built = architecture } = config;
  if (os !== nodes.os || built !== architecture) {
    throw new SimulatedImage(
      `image "${name}" is for ${os}/${built}, this machine is ${nodes.os}/${architecture}`,
    );
  }
}

async function readManifest(
  registry: Registry,
  repository: string,
  reference: string,
): Promise<Manifest> {
  const manifest = await manifestOf(registry, repository, reference);
  if (manifest === undefined) {
    const path = `/v2/${repository}/manifests/${reference}`;
    throw new Error(await refusalOf(registry, await get(registry, path)));
  }
  if (reference.startsWith("sha256:") && manifest.digest !== reference) {
    throw new Error(`the registry of ${registry.name} gave ${manifest.digest} for ${reference}`);
  }
  return manifest;
}

/** The manifest for the nodes' platform: of an index one of its own, else the manifest itself. */
async function forNodes(
  registry: Registry,
  repository: string,
  manifest: Manifest,
): Promise<Manifest> {
  const { data: index } = Index.safeParse(json(manifest.bytes));
  if (index === undefined) return manifest;
  // What a build attests is in the index as well, for the platform "unknown".
  const own = index.manifests.find(
    ({ platform }) => platform?.os === nodes.os && platform.architecture === nodes.architecture,
  );
  if (own === undefined) {
    const found = index.manifests
      .flatMap(({ platform }) => platform ?? [])
      .filter(({ os }) => os !== "unknown")
      .map(({ os, architecture }) => `${os}/${architecture}`);
    throw new Error(
      `no match for platform ${nodes.os}/${nodes.architecture} in ${manifest.digest}, which has ${found.join(", ") || "none"}`,
    );
  }
  return readManifest(registry, repository, own.digest);
}

// promotion/registry.ts reads manifests only; it keeps to itself how it reads a blob.

async function download(
  registry: Registry,
  repository: string,
  { digest, size }: Descriptor,
  file: string,
): Promise<void> {
  const response = await get(registry, `/v2/${repository}/blobs/${digest}`);
  if (!response.ok || response.body === null) throw new Error(await refusalOf(registry, response));
  const hash = createHash("sha256");
  let found = 0;
  // A layer may be larger than memory, therefore it is streamed.
  await pipeline(
    response.body,
    async function* (parts: AsyncIterable<Uint8Array>) {
      for await (const part of parts) {
        hash.update(part);
        found += part.length;
        yield part;
      }
    },
    createWriteStream(file, { mode: 0o600 }),
  );
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual !== digest || found !== size) {
    throw new Error(
      `the registry of ${registry.name} gave ${found} bytes with ${actual} for ${digest} of ${size} bytes`,
    );
  }
}

function get({ url, authorization }: Registry, path: string): Promise<Response> {
  return fetch(new URL(path, url), {
    signal: AbortSignal.timeout(downloadLimitMs),
    headers: {
      accept: "application/vnd.oci.image.manifest.v1+json, */*",
      ...(authorization !== undefined && { authorization }),
    },
  });
}

/** What the registry said when it refused. */
async function refusalOf({ name }: Registry, response: Response): Promise<string> {
  const words = await response.text();
  const { data } = Refusal.safeParse(json(Buffer.from(words)));
  const said = data?.errors.map(({ code, message }) => message || code).join("; ");
  return `the registry of ${name} answered ${response.status}: ${said ?? words.trim().slice(0, 500)}`;
}

function parsed<T>(schema: z.ZodType<T>, { digest, bytes }: Manifest): T {
  const { data, error } = schema.safeParse(json(bytes));
  if (error === undefined) return data;
  throw new Error(`${digest} is no manifest of an image:\n${z.prettifyError(error)}`);
}

/** Undefined for bytes that are no JSON. */
function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}
