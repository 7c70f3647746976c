import { createHash } from "node:crypto";
import { z } from "zod";

/**
 * An image registry that follows the OCI distribution specification, such as ECR or distribution's registry.
 */
export interface Registry {
  /** For messages, such as "staging". */
  readonly name: string;
  /** Address without a path, such as `https://<account>.dkr.ecr.us-west-2.amazonaws.com`. */
  readonly url: string;
  /** Value of the authorization header. */
  readonly authorization?: string | undefined;
  /**
   * Returns when each tag of a repository was pushed. Absent where the registry cannot say: ECR can, the OCI
   * specification has no call for it.
   */
  readonly pushTimes?: (repository: string) => Promise<ReadonlyMap<string, Date>>;
}

/** A manifest, byte for byte as the registry keeps it. */
export interface Manifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

const Descriptor = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
/** The platform that Image Updater looks for: the nodes' (components/nodes.ts). */
const nodes = { os: "linux", architecture: "amd64" } as const;
const Platform = z.object({ os: z.unknown(), architecture: z.unknown() });
const ManifestContent = z.object({
  config: Descriptor.optional(),
  layers: z.array(Descriptor).optional(),
  /** In an index: one manifest for each platform. */
  manifests: z.array(Descriptor.extend({ platform: Platform.optional() })).optional(),
});
const Config = Platform.partial().extend({ created: z.unknown() });
const TagList = z.object({ tags: z.array(z.string()).nullable() });

/** A registry did not answer at all. Asking it again is of no use. */
export class SilentRegistry extends Error {}

/** After this long without an answer a registry counts as down. Blobs may take longer. */
const answerLimitMs = 20_000;

/** Returns the manifest behind a tag or digest; undefined when it or the repository does not exist. */
export async function manifestOf(
  registry: Registry,
  repository: string,
  reference: string,
): Promise<Manifest | undefined> {
  const response = await send(registry, `/v2/${repository}/manifests/${reference}`, {
    headers: { accept: manifestTypes.join(", ") },
  });
  if (response.status === 404) return undefined;
  await refuseFailure(registry, response, `manifest ${repository}:${reference}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const mediaType = response.headers.get("content-type") ?? "";
  return { digest: digestOf(bytes), mediaType, bytes };
}

/** Returns the digest behind a tag; undefined when the tag or the repository does not exist. */
export async function digestOfTag(
  registry: Registry,
  repository: string,
  tag: string,
): Promise<string | undefined> {
  return (await manifestOf(registry, repository, tag))?.digest;
}

/** Returns the tags of a repository; none when it does not exist. */
export async function tagsOf(registry: Registry, repository: string): Promise<string[]> {
  const tags: string[] = [];
  let path: string | undefined = `/v2/${repository}/tags/list`;
  while (path !== undefined) {
    const response: Response = await send(registry, path);
    if (response.status === 404) return [];
    await refuseFailure(registry, response, `tags of ${repository}`);
    const json = jsonIn(await response.text());
    tags.push(...(answered(registry, `tags of ${repository}`, TagList, json).tags ?? []));
    // Long lists come in pages, linked as RFC 5988 describes.
    const next = /<([^>]+)>;\s*rel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
    path = next && pathOf(new URL(next, registry.url));
  }
  return tags;
}

/** What an image's own configuration says of its build. */
export interface Build {
  /** Whether it has an image for linux/amd64, which the nodes are. Image Updater takes no build without. */
  readonly isForNodes: boolean;
  /**
   * When the image for linux/amd64 was built, the latest where an index has several; of one without, when any of its images
   * was. Undefined when none has a date in RFC 3339.
   */
  readonly created: Date | undefined;
}

/** Returns what is known of the build of a manifest's image, as Image Updater reads it. */
export async function buildOf(
  registry: Registry,
  repository: string,
  manifest: Manifest,
): Promise<Build> {
  const { config, manifests } = contentOf(registry, repository, manifest);
  if (manifests !== undefined) {
    const own = manifests.filter(({ platform }) => isForNodes(platform));
    const builds: Build[] = [];
    for (const { digest } of own.length > 0 ? own : manifests) {
      const inner = await manifestOf(registry, repository, digest);
      if (inner) builds.push(await buildOf(registry, repository, inner));
    }
    const fitting = builds.filter((build) => build.isForNodes);
    const [created] = (fitting.length > 0 ? fitting : builds)
      .flatMap((build) => build.created ?? [])
      .sort((a, b) => b.getTime() - a.getTime());
    return { isForNodes: own.length > 0 && fitting.length > 0, created };
  }
  if (config === undefined) return { isForNodes: true, created: undefined };
  const response = await send(registry, `/v2/${repository}/blobs/${config.digest}`);
  await refuseFailure(registry, response, `configuration of ${repository}@${manifest.digest}`);
  const { data } = Config.safeParse(jsonIn(await response.text()));
  return { isForNodes: isForNodes(data), created: dateIn(data?.created) };
}

/** What says nothing of its platform counts as the nodes'. */
function isForNodes(platform: Partial<z.infer<typeof Platform>> | undefined): boolean {
  const { os = nodes.os, architecture = nodes.architecture } = platform ?? {};
  return os === nodes.os && architecture === nodes.architecture;
}

/** Go's time.RFC3339Nano, with which Image Updater reads dates: unlike ISO 8601 it has seconds. */
function dateIn(created: unknown): Date | undefined {
  const { data } = z.iso.datetime({ offset: true }).safeParse(created);
  return data !== undefined && /T\d\d:\d\d:\d\d/.test(data) ? new Date(data) : undefined;
}

/** A blob that a manifest names, and how to read it. */
interface Blob {
  readonly digest: string;
  readonly size: number;
  readonly read: () => Promise<NonNullable<RequestInit["body"]>>;
}

/**
 * Copies the content of a manifest from one registry to another, but not the manifest itself: nobody sees the image
 * there until {@link putManifest}. Content that is already there is not sent again.
 */
export async function copyContent(
  from: Registry,
  to: Registry,
  repository: string,
  manifest: Manifest,
): Promise<void> {
  const { config, layers, manifests } = contentOf(from, repository, manifest);
  for (const { digest } of manifests ?? []) {
    const inner = await manifestOf(from, repository, digest);
    if (inner === undefined) throw lacks(from, `${repository}@${digest}`);
    await copyContent(from, to, repository, inner);
    await putManifest(to, repository, inner.digest, inner);
  }
  for (const { digest, size } of [...(layers ?? []), ...(config ? [config] : [])]) {
    await putBlob(to, repository, {
      digest,
      size,
      read: async () => {
        const response = await send(from, `/v2/${repository}/blobs/${digest}`, { signal: null });
        await refuseFailure(from, response, `${repository}@${digest}`);
        // A layer may be larger than memory, therefore it is streamed.
        if (response.body === null) throw lacks(from, `${repository}@${digest}`);
        return response.body;
      },
    });
  }
}

/** Pushes a blob to a repository unless it is there (OCI distribution specification, "Pushing blobs"). */
export async function putBlob(registry: Registry, repository: string, blob: Blob): Promise<void> {
  const path = `/v2/${repository}/blobs`;
  const known = await send(registry, `${path}/${blob.digest}`, { method: "HEAD" });
  if (known.ok) return;
  const session = await send(registry, `${path}/uploads/`, { method: "POST" });
  await refuseFailure(registry, session, `upload to ${repository}`);
  const patched = await send(registry, locationOf(registry, session), {
    method: "PATCH",
    headers: {
      "content-type": "application/octet-stream",
      "content-length": `${blob.size}`,
    },
    body: await blob.read(),
    // fetch requires this for a body that is a stream.
    duplex: "half",
    signal: null,
  });
  await refuseFailure(registry, patched, `upload to ${repository}`);
  const location = new URL(locationOf(registry, patched), registry.url);
  location.searchParams.set("digest", blob.digest);
  const done = await send(registry, pathOf(location), { method: "PUT" });
  await refuseFailure(registry, done, `upload to ${repository}`);
}

/**
 * Pushes a manifest under a tag or its digest. It does not check whether the tag exists: the caller has done so, and an
 * ECR with immutable tags refuses it anyway.
 */
export async function putManifest(
  registry: Registry,
  repository: string,
  reference: string,
  { mediaType, bytes }: Manifest,
): Promise<void> {
  const response = await send(registry, `/v2/${repository}/manifests/${reference}`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: new Uint8Array(bytes),
  });
  await refuseFailure(registry, response, `manifest ${repository}:${reference}`);
}

/** Returns the digest of some content. */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function contentOf(
  registry: Registry,
  repository: string,
  { bytes, digest }: Manifest,
): z.infer<typeof ManifestContent> {
  const json = jsonIn(bytes.toString("utf8"));
  return answered(registry, `manifest ${repository}@${digest}`, ManifestContent, json);
}

/** @throws Error that says what the registry gave in place of `what` */
function answered<T>(
  { name, url }: Registry,
  what: string,
  schema: z.ZodType<T>,
  json: unknown,
): T {
  const { data, error } = schema.safeParse(json);
  if (error === undefined) return data;
  throw new Error(
    `The registry of ${name} (${url}) gave something else for the ${what}:\n${z.prettifyError(error)}`,
  );
}

/** Undefined for text that is no JSON. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function locationOf(registry: Registry, response: Response): string {
  return pathOf(new URL(response.headers.get("location") ?? "", registry.url));
}

function pathOf({ pathname, search }: URL): string {
  return `${pathname}${search}`;
}

function lacks({ name, url }: Registry, what: string): Error {
  return new Error(`The registry of ${name} (${url}) has no ${what}.`);
}

interface SendOptions extends Omit<RequestInit, "signal" | "headers"> {
  readonly headers?: Readonly<Record<string, string>>;
  readonly duplex?: "half";
  /** Null for no time limit. */
  readonly signal?: null;
}

/** Sends one request and returns the answer, even if its status is a failure. */
async function send(
  registry: Registry,
  path: string,
  options: SendOptions = {},
): Promise<Response> {
  const { headers = {}, signal, ...rest } = options;
  const { authorization } = registry;
  try {
    return await fetch(new URL(path, registry.url), {
      ...rest,
      headers: { ...headers, ...(authorization !== undefined && { authorization }) },
      ...(signal === undefined && { signal: AbortSignal.timeout(answerLimitMs) }),
    });
  } catch (error) {
    throw new SilentRegistry(
      `The registry of ${registry.name} (${registry.url}) does not answer: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

/** fetch puts the real reason of a failure into `cause`. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(inner instanceof Error)) return String(inner);
  return "code" in inner && typeof inner.code === "string" ? inner.code : inner.message;
}

async function refuseFailure(registry: Registry, response: Response, what: string): Promise<void> {
  if (response.ok) return;
  const text = await response.text();
  throw new Error(
    `The registry of ${registry.name} (${registry.url}) answered ${response.status} for the ${what}: ${text.trim().slice(0, 500)}${fixes[response.status] ?? ""}`,
  );
}

const fixes: Readonly<Record<number, string>> = {
  401: "\nFix: log in to the account, or name its profile",
  403: "\nFix: use credentials that may read and write this account's ECR",
  404: "\nFix: create the repository, from the service's file: pulumi up -s <environment>",
};
