import { expect } from "chai";
import { execa } from "execa";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seed, seedImages } from "../../../twin/images/images.ts";
import { ociImage } from "../../../twin/images/oci-image.ts";
import { registryConfig } from "../../../twin/images/registry.ts";
import { digestOfTag, tagsOf } from "../../../promotion/registry.ts";
import { servicesIn } from "../../../promotion/services.ts";
import { MemoryRegistry } from "../../support/memory-registry.ts";

const facts = {
  title: "idp/localtime",
  revision: "3f2a9c1",
  version: "1.0.0",
  created: new Date("2026-01-01T00:00:00Z"),
};

const file = (image: string, tag: string) =>
  `image:\n  repository: 111111111111.dkr.ecr.us-west-2.amazonaws.com/${image}\n  tag: ${tag}\nport: 8080\nresources: small\nreplicas: 1\n`;

describe("ociImage", () => {
  it("makes the same image of the same facts, and another image of other facts", () => {
    expect(ociImage(facts).manifest.digest).to.equal(ociImage({ ...facts }).manifest.digest);
    expect(ociImage(facts).manifest.digest).not.to.equal(
      ociImage({ ...facts, version: "1.0.1" }).manifest.digest,
    );
  });

  it("records when, from what and for which platform it was built", () => {
    const { blobs } = ociImage(facts);
    const config = JSON.parse(blobs[1]?.bytes.toString() ?? "") as Record<string, unknown>;
    expect(config).to.deep.include({
      created: "2026-01-01T00:00:00.000Z",
      architecture: "amd64",
      os: "linux",
    });
    expect(config["config"]).to.deep.nested.include({
      "Labels.org\\.opencontainers\\.image\\.revision": "3f2a9c1",
      "Labels.org\\.opencontainers\\.image\\.version": "1.0.0",
    });
  });

  it("has a layer that tar can unpack", async () => {
    const scratch = mkdtempSync(join(tmpdir(), "idp-layer-"));
    try {
      writeFileSync(join(scratch, "layer.tar"), ociImage(facts).blobs[0]?.bytes ?? "");
      const { stdout } = await execa("tar", ["-xOf", "layer.tar", "README.md"], { cwd: scratch });
      expect(stdout).to.include("idp/localtime");
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

describe("servicesIn", () => {
  it("reads what the service files name, and skips a broken file", () => {
    const files = new Map([
      ["argocd/applications/prod/b.yaml", file("idp/b", "v1.0.0")],
      ["argocd/applications/dev/b.yaml", file("idp/b", "sha-0000001")],
      ["argocd/applications/dev/a.yaml", file("idp/a", "sha-0000002")],
      ["argocd/applications/dev/broken.yaml", "image: [\n"],
      ["argocd/applications/dev/incomplete.yaml", "port: 8080\n"],
      ["argocd/projects/x.yaml", file("idp/x", "v1.0.0")],
    ]);
    expect(servicesIn(files)).to.deep.equal([
      { environment: "dev", name: "a", image: "idp/a", tag: "sha-0000002" },
      { environment: "dev", name: "b", image: "idp/b", tag: "sha-0000001" },
      { environment: "prod", name: "b", image: "idp/b", tag: "v1.0.0" },
    ]);
  });
});

describe("seedImages", () => {
  it("makes one image per repository for all its tags", () => {
    const service = { name: "a", image: "idp/a" };
    expect(
      seedImages([
        { ...service, environment: "dev", tag: "sha-0000001" },
        { ...service, environment: "dev", name: "a-canary", tag: "sha-0000001" },
        { ...service, environment: "prod", tag: "v1.0.0" },
      ]).map(({ image, tags }) => [
        image,
        tags.map(({ environment, tag }) => `${environment} ${tag}`),
      ]),
    ).to.deep.equal([["idp/a", ["dev sha-0000001", "prod v1.0.0"]]]);
  });

  it("makes none for a service that has no image yet", () => {
    const services = [
      { environment: "dev", name: "a", image: "idp/a", tag: "sha-0000000" },
      { environment: "prod", name: "a", image: "idp/a", tag: "v0.0.0" },
    ] as const;
    expect(seedImages(services)).to.deep.equal([]);
  });
});

describe("seed", () => {
  let registries: MemoryRegistry[] = [];
  beforeEach(async () => {
    registries = [];
    for (let count = 0; count < 3; count++) registries.push(await MemoryRegistry.start());
  });
  afterEach(() => {
    registries.forEach((registry) => {
      registry.stop();
    });
  });

  it("pushes missing images with one digest to all registries, and nothing the second time", async () => {
    const [dev = 0, staging = 0, prod = 0] = registries.map(({ port }) => port);
    const twin = { gitPort: 1, registryPorts: { dev, staging, prod } };
    const service = { name: "a", image: "idp/a" };
    const asked: string[] = [];
    const contentOf = (name: string, version: string) => {
      asked.push(`${name} ${version}`);
      return Promise.resolve({ files: [], entrypoint: ["/a"], createdBy: "a test" });
    };
    const services = [
      { ...service, environment: "dev", tag: "sha-0000001" },
      { ...service, environment: "staging", tag: "v1.0.0" },
      { ...service, environment: "prod", tag: "v1.0.0" },
    ] as const;
    expect(await seed(twin, services, contentOf)).to.deep.equal([
      "dev idp/a:sha-0000001",
      "staging idp/a:v1.0.0",
      "prod idp/a:v1.0.0",
    ]);
    const addresses = registries.map((registry) => registry.as("test"));
    const digests = await Promise.all(
      services.map(({ tag }, index) =>
        digestOfTag(addresses[index] ?? { name: "none", url: "" }, "idp/a", tag),
      ),
    );
    expect(new Set(digests).size).to.equal(1);
    expect(digests[0]).to.match(/^sha256:[0-9a-f]{64}$/);
    const [first] = addresses;
    if (first === undefined) throw new Error("no registry");
    expect(await tagsOf(first, "idp/a")).to.deep.equal(["sha-0000001"]);
    expect(await tagsOf(first, "idp/b")).to.deep.equal([]);
    expect(await seed(twin, services, contentOf)).to.deep.equal([]);
    expect(asked).to.deep.equal(["a sha-0000001"]);
  });
});

describe("registryConfig", () => {
  it("listens only on this machine", () => {
    expect(registryConfig("/twin/registry/1", 5000)).to.include("addr: 127.0.0.1:5000");
  });
});
