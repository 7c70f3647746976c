import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import type { Environment } from "../config/environments.ts";
import type { Content, OciImage } from "./oci-image.ts";
import { isRunning, logTail, startProcess } from "./processes.ts";
import { registryUrl, twinAccounts, twinPaths, writePrivately, type Twin } from "./twin.ts";
import { waitForHttp } from "./wait.ts";

/** Starts the registry of one account (its ECR), with its own folder and port. Resolves when it answers. */
export async function ensureRegistry(
  binary: string,
  twin: Twin,
  environment: Environment,
): Promise<void> {
  const name = `registry-${environment}`;
  const directory = join(twinPaths().state, "registry", twinAccounts[environment].accountId);
  mkdirSync(directory, { recursive: true });
  const config = join(directory, "config.yml");
  writePrivately(config, registryConfig(directory, twin.registryPorts[environment]));
  await startProcess({
    name,
    command: binary,
    args: ["serve", config],
    // Its tracing looks for a collector unless told not to.
    env: { OTEL_TRACES_EXPORTER: "none" },
  });
  await waitForHttp(`${registryUrl(twin, environment)}/v2/`, {
    what: `the registry of ${environment}`,
    isAlive: () => isRunning(name),
    log: () => logTail(name),
  });
}

/** Configuration of the distribution registry: images on disk, this machine only. */
export function registryConfig(directory: string, port: number): string {
  return stringify({
    version: 0.1,
    // One line a request is for debugging it.
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(directory, "images") },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}` },
  });
}

/**
 * Pushes an image under a tag (OCI distribution specification, "Pushing"). Blobs that are there are not sent again.
 * @param url address of the registry
 * @param repository such as `idp/localtime`
 */
export async function pushImage(
  url: string,
  repository: string,
  tag: string,
  image: OciImage,
): Promise<void> {
  for (const blob of image.blobs) await pushBlob(url, repository, blob);
  const { manifest } = image;
  await request(`${url}/v2/${repository}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": manifest.mediaType },
    body: new Uint8Array(manifest.bytes),
  });
}

/** Digest behind a tag; undefined when there is no such tag or repository. */
export async function digestOfTag(
  url: string,
  repository: string,
  tag: string,
): Promise<string | undefined> {
  const response = await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
    headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
  });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  const manifest = Buffer.from(await response.arrayBuffer());
  return `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
}

const TagList = z.object({ tags: z.array(z.string()).nullable() });

/** Tags of a repository; none when there is no such repository. */
export async function tagsOf(url: string, repository: string): Promise<string[]> {
  const response = await fetch(`${url}/v2/${repository}/tags/list`);
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
  return TagList.parse(await response.json()).tags ?? [];
}

async function pushBlob(url: string, repository: string, blob: Content): Promise<void> {
  const known = await fetch(`${url}/v2/${repository}/blobs/${blob.digest}`, { method: "HEAD" });
  if (known.ok) return;
  const session = await request(`${url}/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const location = new URL(session.headers.get("location") ?? "", url);
  location.searchParams.set("digest", blob.digest);
  await request(location.href, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: new Uint8Array(blob.bytes),
  });
}

async function request(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) {
    throw new Error(
      `${init.method ?? "GET"} ${url} answered ${response.status}: ${await response.text()}`,
    );
  }
  return response;
}
