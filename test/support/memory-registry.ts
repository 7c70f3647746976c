import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { digestOf, type Registry } from "../../promotion/registry.ts";

interface Repository {
  /** By digest. */
  readonly blobs: Map<string, Buffer>;
  /** By digest. */
  readonly manifests: Map<string, { bytes: Buffer; mediaType: string }>;
  /** Digest by tag. */
  readonly tags: Map<string, string>;
}

const Named = z.object({
  config: z.object({ digest: z.string() }).optional(),
  layers: z.array(z.object({ digest: z.string() })).default([]),
  manifests: z.array(z.object({ digest: z.string() })).default([]),
});

/**
 * An image registry in memory, over HTTP, for tests. It pulls, pushes and lists as the distribution specification says.
 * Like ECR it refuses a manifest with missing parts, and a tag that exists with another digest.
 */
export class MemoryRegistry {
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  readonly #repositories = new Map<string, Repository>();
  /** `METHOD path` of every request. */
  readonly requests: string[] = [];
  /** The authorization header that it requires; undefined for none. */
  authorization: string | undefined;
  /** Answers 500 to requests for which this returns true. */
  fails: (request: string) => boolean = () => false;
  /** Tags of one page of a list. */
  pageSize = 100;

  /** Starts listening. */
  static async start(): Promise<MemoryRegistry> {
    const registry = new MemoryRegistry();
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  /** Stops listening; its content stays readable here. */
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get port(): number {
    const address: string | AddressInfo | null = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  as(name: string): Registry {
    return { name, url: `http://127.0.0.1:${this.port}`, authorization: this.authorization };
  }

  /** Returns its content for a comparison: `repository:tag digest`, sorted. */
  contents(): string[] {
    return [...this.#repositories]
      .flatMap(([name, { tags }]) => [...tags].map(([tag, digest]) => `${name}:${tag} ${digest}`))
      .sort();
  }

  /** Requests that change something. */
  writes(): string[] {
    return this.requests.filter((request) => !/^(GET|HEAD) /.test(request));
  }

  #repository(name: string): Repository {
    const known = this.#repositories.get(name);
    if (known) return known;
    const made = { blobs: new Map(), manifests: new Map(), tags: new Map() };
    this.#repositories.set(name, made);
    return made;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/" } = request;
    const { pathname, searchParams } = new URL(url, "http://registry");
    this.requests.push(`${method} ${pathname}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
    const body = Buffer.concat(chunks);
    const answer = (status: number, content?: Buffer | string, headers = {}) =>
      response.writeHead(status, headers).end(method === "HEAD" ? undefined : content);

    if (this.fails(`${method} ${pathname}`)) return void answer(500, "out of order");
    if (this.authorization !== undefined && request.headers.authorization !== this.authorization)
      return void answer(401, "no");
    const [, name = "", kind = "", reference = ""] =
      /^\/v2\/(.+?)\/(tags|manifests|blobs)\/(.*)$/.exec(pathname) ?? [];
    const isPush = method !== "GET" && method !== "HEAD";
    if (!isPush && !this.#repositories.has(name)) return void answer(404, "NAME_UNKNOWN");
    const { blobs, manifests, tags } = this.#repository(name);

    if (kind === "tags") {
      const all = [...tags.keys()].sort();
      const start = Number(searchParams.get("last") ?? 0);
      const end = start + this.pageSize;
      const more = end < all.length && {
        link: `</v2/${name}/tags/list?last=${end}>; rel="next"`,
      };
      answer(200, JSON.stringify({ name, tags: all.slice(start, end) }), { ...more });
    } else if (kind === "manifests" && method === "PUT") {
      const { config, layers, manifests: inner } = Named.parse(JSON.parse(body.toString("utf8")));
      const digest = digestOf(body);
      const lacks =
        [...layers, ...(config ? [config] : [])].some((blob) => !blobs.has(blob.digest)) ||
        inner.some((manifest) => !manifests.has(manifest.digest));
      const old = tags.get(reference);
      if (lacks) return void answer(400, "MANIFEST_BLOB_UNKNOWN");
      if (old !== undefined && old !== digest) return void answer(400, "TAG_IMMUTABLE");
      manifests.set(digest, { bytes: body, mediaType: request.headers["content-type"] ?? "" });
      if (!reference.startsWith("sha256:")) tags.set(reference, digest);
      answer(201);
    } else if (kind === "manifests") {
      const found = manifests.get(tags.get(reference) ?? reference);
      answer(found ? 200 : 404, found?.bytes, { "content-type": found?.mediaType ?? "text/plain" });
    } else if (method === "POST") {
      answer(202, "", { location: `/v2/${name}/blobs/uploads/1?state=a` });
    } else if (method === "PATCH") {
      this.#uploads.set(name, body);
      answer(202, "", { location: `/v2/${name}/blobs/uploads/1?state=b` });
    } else if (method === "PUT") {
      const digest = searchParams.get("digest") ?? "";
      const content = this.#uploads.get(name) ?? body;
      if (digestOf(content) !== digest) return void answer(400, "DIGEST_INVALID");
      blobs.set(digest, content);
      answer(201);
    } else {
      const found = blobs.get(reference);
      answer(found ? 200 : 404, found);
    }
  }

  readonly #uploads = new Map<string, Buffer>();
}
