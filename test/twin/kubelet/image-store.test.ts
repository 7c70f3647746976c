import { expect } from "chai";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { join } from "node:path";
import { digestOf } from "../../../promotion/registry.ts";
import {
  architectureOf,
  ImageStore,
  parseEcrImage,
  SimulatedImage,
} from "../../../twin/kubelet/image-store.ts";
import { ImagePullError } from "../../../twin/kubelet/runtime.ts";
import { scratchFolder } from "./scratch-folder.ts";

const account = "111111111111";
const host = `${account}.dkr.ecr.us-west-2.amazonaws.com`;
const repository = "idp/web";

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const runnable = { architecture: "amd64", os: "linux", config: { Entrypoint: ["/web"] } };

const hex = (digest: string): string => digest.slice("sha256:".length);

describe("parseEcrImage", () => {
  const digest = `sha256:${"0a".repeat(32)}`;
  const image = { account, region: "us-west-2", repository, reference: "latest" };
  const cases: readonly [string, object | undefined][] = [
    [`${host}/idp/web:v1.2.3`, { ...image, reference: "v1.2.3" }],
    [`${host}/idp/web@${digest}`, { ...image, reference: digest }],
    [`${host}/idp/web:v1@${digest}`, { ...image, reference: digest }],
    [`${host}/idp/web`, image],
    [`${host}/web_a--b.c:x`, { ...image, repository: "web_a--b.c", reference: "x" }],
    [`${host}/Web:x`, undefined],
    [`${host}/idp/web:`, undefined],
    [`${host}/idp/web:.x`, undefined],
    [`${host}/idp/web@sha256:0a`, undefined],
    [`${host}/idp/../web:x`, undefined],
    [`${host}/`, undefined],
    [`1${host}/idp/web:x`, undefined],
    ["11111111111.dkr.ecr.us-west-2.amazonaws.com/idp/web:x", undefined],
    [`${account}.dkr.ecr.us-west-2.amazonaws.com.evil.example/idp/web:x`, undefined],
    ["quay.io/argoproj/argocd:v3", undefined],
    ["nginx", undefined],
    ["", undefined],
  ];
  for (const [name, expected] of cases) {
    it(`${name || "nothing"} is ${expected === undefined ? "no image of ECR" : "one"}`, () => {
      expect(parseEcrImage(name)).to.deep.equal(expected);
    });
  }
});

describe("architectureOf", () => {
  it("is Go's name", () => {
    expect(["x64", "arm64", "ia32", "riscv64"].map(architectureOf)).to.deep.equal([
      "amd64",
      "arm64",
      "386",
      "riscv64",
    ]);
  });
});

describe("ImageStore", () => {
  let folder: string;
  let server: Server;
  let url: string;
  /** What the registry has, by path. */
  let content: Map<string, { bytes: Buffer; type: string }>;
  let requests: string[];
  let unpacked: (readonly string[])[];
  let unpack: () => Promise<void>;

  beforeEach(async () => {
    folder = scratchFolder();
    content = new Map();
    requests = [];
    unpacked = [];
    unpack = () => Promise.resolve();
    server = createServer((request, response) => {
      const path = request.url ?? "";
      requests.push(path.replace(`/v2/${repository}/`, ""));
      const found = content.get(path);
      if (found !== undefined) {
        response.writeHead(200, { "content-type": found.type }).end(found.bytes);
        return;
      }
      const errors = [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown", detail: {} }];
      response.writeHead(404).end(JSON.stringify({ errors }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  function storeOf(architecture = "amd64"): ImageStore {
    return new ImageStore({
      folder,
      registryOf: (asked) => (asked === account ? { name: "dev", url } : undefined),
      podbox: async (args) => {
        unpacked.push(args);
        await unpack();
        mkdirSync(args[1] ?? "");
      },
      architecture,
    });
  }

  function putBlob(data: string | object): { digest: string; size: number } {
    const bytes = Buffer.from(typeof data === "string" ? data : JSON.stringify(data));
    const digest = digestOf(bytes);
    content.set(`/v2/${repository}/blobs/${digest}`, { bytes, type: "application/octet-stream" });
    return { digest, size: bytes.length };
  }

  function putManifest(manifest: object, type: string, tag?: string): string {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const digest = digestOf(bytes);
    for (const reference of [digest, ...(tag === undefined ? [] : [tag])]) {
      content.set(`/v2/${repository}/manifests/${reference}`, { bytes, type });
    }
    return digest;
  }

  function putImage(
    config: object,
    layers: readonly string[],
    { tag, mediaType = layerType }: { tag?: string; mediaType?: string } = {},
  ): { digest: string; layers: string[] } {
    const blobs = layers.map(putBlob);
    const manifest = {
      schemaVersion: 2,
      config: { mediaType: "c", ...putBlob(config) },
      layers: blobs.map((blob) => ({ mediaType, ...blob })),
    };
    const digest = putManifest(manifest, manifestType, tag);
    return { digest, layers: blobs.map((blob) => blob.digest) };
  }

  async function failureOf(promise: Promise<unknown>): Promise<string> {
    return promise.then(
      () => "none",
      (error: unknown) => {
        if (error instanceof ImagePullError || error instanceof SimulatedImage)
          return String(error);
        throw error;
      },
    );
  }

  const web = `${host}/${repository}`;
  const blobFile = (digest: string): string => join(folder, "blobs", hex(digest));

  it("pulls the image of a tag and unpacks its layers, the lowest first", async () => {
    const config = {
      ...runnable,
      created: "2026-01-01T00:00:00Z",
      config: { Entrypoint: ["/web"], Cmd: null, Env: ["A=1"], WorkingDir: "/w", User: "65532" },
    };
    const { digest, layers } = putImage(config, ["low", "high"], { tag: "v1" });
    const pulled = await storeOf().pull(`${web}:v1`, {});
    expect(pulled).to.deep.equal({
      digest,
      folder: join(folder, hex(digest)),
      config: { architecture: "amd64", os: "linux", config: config.config },
    });
    expect(unpacked).to.deep.equal([["unpack", pulled.folder, ...layers.map(blobFile)]]);
    expect(layers.map((layer) => readFileSync(blobFile(layer), "utf8"))).to.deep.equal([
      "low",
      "high",
    ]);
  });

  it("keeps nothing but blobs and images", async () => {
    const { digest } = putImage(runnable, ["layer"], { tag: "v1" });
    await storeOf().pull(`${web}:v1`, {});
    const configDigest = digestOf(Buffer.from(JSON.stringify(runnable)));
    expect(readdirSync(folder).sort()).to.deep.equal([hex(digest), "blobs"].sort());
    expect(readdirSync(join(folder, "blobs")).sort()).to.deep.equal(
      [hex(configDigest), hex(digestOf(Buffer.from("layer")))].sort(),
    );
  });

  it("pulls by digest, and asks for the manifest alone when all else is here", async () => {
    const { digest } = putImage(runnable, ["layer"]);
    const first = await storeOf().pull(`${web}@${digest}`, {});
    requests.length = 0;
    expect(await storeOf().pull(`${web}@${digest}`, {})).to.deep.equal(first);
    expect(requests).to.deep.equal([`manifests/${digest}`]);
    expect(unpacked).to.have.length(1);
  });

  it("pulls a layer that two images share once", async () => {
    putImage(runnable, ["base", "one"], { tag: "one" });
    putImage(runnable, ["base", "two"], { tag: "two" });
    const store = storeOf();
    await Promise.all([store.pull(`${web}:one`, {}), store.pull(`${web}:two`, {})]);
    const base = `blobs/${digestOf(Buffer.from("base"))}`;
    expect(requests.filter((path) => path === base)).to.have.length(1);
    expect(unpacked).to.have.length(2);
  });

  it("makes one pull of several at a time", async () => {
    const { digest, layers } = putImage(runnable, ["layer"], { tag: "v1" });
    const store = storeOf();
    const names = [`${web}:v1`, `${web}@${digest}`, `${web}:v1`];
    const pulled = await Promise.all(names.map((name) => store.pull(name, {})));
    expect(pulled.map((image) => image.digest)).to.deep.equal([digest, digest, digest]);
    expect(unpacked).to.have.length(1);
    expect(requests.filter((path) => path === `blobs/${layers[0] ?? ""}`)).to.have.length(1);
  });

  it("takes the image for linux/amd64 of an index, and no attestation", async () => {
    const arm = putImage({ ...runnable, architecture: "arm64" }, ["arm"]);
    const attestation = putImage({ architecture: "unknown", os: "unknown" }, ["att"]);
    const own = putImage(runnable, ["amd"]);
    const index = putManifest(
      {
        schemaVersion: 2,
        manifests: [
          [arm, "linux", "arm64"] as const,
          [attestation, "unknown", "unknown"] as const,
          [own, "linux", "amd64"] as const,
        ].map(([{ digest }, os, architecture]) => ({
          mediaType: manifestType,
          digest,
          size: 1,
          platform: { os, architecture },
        })),
      },
      indexType,
      "v1",
    );
    const pulled = await storeOf().pull(`${web}:v1`, {});
    expect(pulled.digest).to.equal(index);
    expect(pulled.folder).to.equal(join(folder, hex(own.digest)));
    expect(unpacked).to.deep.equal([["unpack", pulled.folder, ...own.layers.map(blobFile)]]);
  });

  it("finds no image where an index has none for linux/amd64", async () => {
    const platforms = [
      { os: "linux", architecture: "arm64" },
      { os: "windows", architecture: "amd64" },
      { os: "unknown", architecture: "unknown" },
    ];
    const { digest } = putImage(runnable, ["x"]);
    const manifests = platforms.map((platform) => ({ mediaType: "m", digest, size: 1, platform }));
    const index = putManifest({ manifests }, indexType, "v1");
    expect(await failureOf(storeOf().pull(`${web}:v1`, {}))).to.equal(
      `ErrImagePull: failed to pull image "${web}:v1": no match for platform linux/amd64 in ${index}, which has linux/arm64, windows/amd64`,
    );
  });

  it("has the registry's words for a tag that is not there", async () => {
    expect(await failureOf(storeOf().pull(`${web}:v9`, {}))).to.equal(
      `ErrImagePull: failed to pull image "${web}:v9": the registry of dev answered 404: manifest unknown`,
    );
    expect(unpacked).to.deep.equal([]);
  });

  it("tries again after a failure", async () => {
    const { layers } = putImage(runnable, ["layer"], { tag: "v1" });
    const path = `/v2/${repository}/blobs/${layers[0] ?? ""}`;
    const layer = content.get(path);
    content.delete(path);
    const store = storeOf();
    expect(await failureOf(store.pull(`${web}:v1`, {}))).to.contain("answered 404");
    if (layer !== undefined) content.set(path, layer);
    unpack = () => Promise.reject(new Error("no space left on device"));
    expect(await failureOf(store.pull(`${web}:v1`, {}))).to.equal(
      `ErrImagePull: failed to pull image "${web}:v1": no space left on device`,
    );
    unpack = () => Promise.resolve();
    const pulled = await store.pull(`${web}:v1`, {});
    expect(existsSync(pulled.folder)).to.be.true;
  });

  it("takes the folder of another kubelet that was faster", async () => {
    const { digest } = putImage(runnable, ["layer"], { tag: "v1" });
    unpack = () => {
      mkdirSync(join(folder, hex(digest)));
      return Promise.reject(new Error("file exists"));
    };
    const pulled = await storeOf().pull(`${web}:v1`, {});
    expect(pulled.folder).to.equal(join(folder, hex(digest)));
  });

  for (const [how, wrong] of [
    ["other bytes", "Layer"],
    ["more bytes", "layer!"],
    ["fewer bytes", "laye"],
  ] as const) {
    it(`keeps no layer with ${how} than its digest says`, async () => {
      const { layers } = putImage(runnable, ["layer"], { tag: "v1" });
      const [layer = ""] = layers;
      const type = "application/octet-stream";
      content.set(`/v2/${repository}/blobs/${layer}`, { bytes: Buffer.from(wrong), type });
      expect(await failureOf(storeOf().pull(`${web}:v1`, {}))).to.contain(
        `the registry of dev gave ${wrong.length} bytes with ${digestOf(Buffer.from(wrong))} for ${layer} of 5 bytes`,
      );
      expect(unpacked).to.deep.equal([]);
      expect(readdirSync(join(folder, "blobs"))).to.have.length(1); // The configuration.
    });
  }

  it("does not take another manifest for the one of a digest", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const bytes = Buffer.from("{}");
    content.set(`/v2/${repository}/manifests/${digest}`, { bytes, type: manifestType });
    expect(await failureOf(storeOf().pull(`${web}@${digest}`, {}))).to.contain(
      `the registry of dev gave ${digestOf(bytes)} for ${digest}`,
    );
  });

  it("refuses what is no manifest, no configuration, or a layer that podbox cannot unpack", async () => {
    putManifest({ schemaVersion: 2, layers: [] }, manifestType, "no-config");
    putImage({ config: { Entrypoint: "sh" } }, ["layer"], { tag: "no-list" });
    putImage(runnable, ["layer"], { tag: "zstd", mediaType: `${layerType.slice(0, -4)}zstd` });
    const store = storeOf();
    expect(await failureOf(store.pull(`${web}:no-config`, {}))).to.contain(
      "is no manifest of an image:",
    );
    expect(await failureOf(store.pull(`${web}:no-list`, {}))).to.contain("config.Entrypoint");
    expect(await failureOf(store.pull(`${web}:zstd`, {}))).to.match(
      /layer sha256:\w+ is application\/vnd\.oci\.image\.layer\.v1\.tar\+zstd; allowed are tar and gzip$/,
    );
    expect(unpacked).to.deep.equal([]);
  });

  it("says which registries there are not", async () => {
    const other = "222222222222.dkr.ecr.us-west-2.amazonaws.com/idp/web:v1";
    expect(await failureOf(storeOf().pull(other, {}))).to.equal(
      `ErrImagePull: failed to pull image "${other}": the twin has no account 222222222222`,
    );
    expect(await failureOf(storeOf().pull("nginx", {}))).to.contain(
      'failed to pull image "nginx": it is not in ECR',
    );
  });

  it("says that no registry answers", async () => {
    server.closeAllConnections();
    server.close();
    expect(await failureOf(storeOf().pull(`${web}:v1`, {}))).to.contain(
      "The registry of dev (http://127.0.0.1:",
    );
  });

  describe("simulates", () => {
    it("an image without a program, and pulls no layer of it", async () => {
      putImage({ ...runnable, config: { Env: ["A=1"] } }, ["layer"], { tag: "v1" });
      const store = storeOf();
      expect(await failureOf(store.pull(`${web}:v1`, { command: [], args: [] }))).to.equal(
        `SimulatedImage: image "${web}:v1" has no program, and the container no command`,
      );
      expect(requests).to.have.length(2);
      expect(unpacked).to.deep.equal([]);
    });

    it("no image without a program whose container has a command", async () => {
      putImage({ ...runnable, config: undefined }, ["layer"], { tag: "v1" });
      await storeOf().pull(`${web}:v1`, { command: ["/web"] });
      expect(unpacked).to.have.length(1);
    });

    it("an image with arguments alone does run", async () => {
      putImage({ ...runnable, config: { Cmd: ["/web"] } }, ["layer"], { tag: "v1" });
      await storeOf().pull(`${web}:v1`, {});
      expect(unpacked).to.have.length(1);
    });

    for (const [platform, machine, expected] of [
      [{ architecture: "arm64" }, "amd64", "for linux/arm64, this machine is linux/amd64"],
      [{ architecture: "amd64" }, "arm64", "for linux/amd64, this machine is linux/arm64"],
      [{ os: "windows" }, "amd64", "for windows/amd64, this machine is linux/amd64"],
    ] as const) {
      it(`an image ${expected}`, async () => {
        putImage({ ...runnable, ...platform }, ["layer"], { tag: "v1" });
        expect(await failureOf(storeOf(machine).pull(`${web}:v1`, {}))).to.equal(
          `SimulatedImage: image "${web}:v1" is ${expected}`,
        );
        expect(unpacked).to.deep.equal([]);
      });
    }

    it("none that runs on this machine, or does not say", async () => {
      putImage({ ...runnable, architecture: "arm64" }, ["a"], { tag: "arm" });
      putImage({ config: runnable.config }, ["b"], { tag: "silent" });
      const store = storeOf("arm64");
      await store.pull(`${web}:arm`, {});
      await store.pull(`${web}:silent`, {});
      expect(unpacked).to.have.length(2);
    });
  });
});
