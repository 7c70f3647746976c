import { expect } from "chai";
import { execa } from "execa";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { OciImage } from "../../../twin/images/oci-image.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { freePort } from "../../../twin/state/ports.ts";
import {
  buildService,
  buildTag,
  findCommit,
  servicesWithSource,
  sourcesFolder,
} from "../../../twin/images/service-build.ts";
import { findGo } from "../../../twin/toolchain/go.ts";
import { goVersion } from "../../../twin/toolchain/tools.ts";

const service = "time-service";
const source = join(repositoryRoot, sourcesFolder, service);
const committed = "2026-03-04T05:06:07Z";

/** The first time, Go compiles its standard library, which takes more than a minute on a slow machine. */
const compileLimitMs = 300_000;

describe("the example service", () => {
  it("passes its own tests", async function () {
    this.timeout(compileLimitMs);
    const go = await findGo(process.env);
    await go.run(["vet", "./..."], source);
    await go.run(["test", "./..."], source);
  });

  it("is built with the same Go and the same variable by Docker and without Docker", () => {
    const dockerfile = readFileSync(join(source, "Dockerfile"), "utf8");
    expect(dockerfile).to.include(`FROM golang:${goVersion.slice("go".length)} AS build`);
    expect(dockerfile).to.include("-X main.version=$VERSION");
    expect(dockerfile).to.include("USER 65532:65532");
    expect(dockerfile).to.include(`ENTRYPOINT ["/${service}"]`);
  });
});

describe("buildService", () => {
  let scratch = "";
  let repository = "";
  let image: OciImage;

  before(async function () {
    this.timeout(compileLimitMs);
    scratch = mkdtempSync(join(tmpdir(), "idp-service-build-"));
    repository = join(scratch, "clone");
    cpSync(source, join(repository, sourcesFolder, service), { recursive: true });
    await git("init", "--quiet", "--initial-branch=main");
    await git("add", "--all");
    await git("commit", "--quiet", "-m", "A service");
    image = await buildService(service, "idp/localtime", await commit("HEAD"));
  });
  after(() => {
    rmSync(scratch, { recursive: true });
  });

  it("always makes the same image of the same commit, in any repository", async function () {
    this.timeout(compileLimitMs);
    await git("clone", "--quiet", "--bare", repository, join(scratch, "bare.git"));
    const bare = await findCommit("main", [join(scratch, "bare.git")]);
    await sleep(1_100); // No file of the second build has the dates of the first.
    const again = await buildService(service, "idp/localtime", bare);
    expect(again.manifest.digest).to.equal(image.manifest.digest);
  });

  it("makes another image of another commit, and ignores uncommitted changes", async function () {
    this.timeout(compileLimitMs);
    writeFileSync(join(repository, sourcesFolder, service, "main.go"), "package broken\n");
    await git("commit", "--quiet", "--allow-empty", "-m", "Nothing new");
    const next = await buildService(service, "idp/localtime", await commit("HEAD"));
    expect(next.manifest.digest).not.to.equal(image.manifest.digest);
    await git("checkout", "--quiet", ".");
  });

  it("records commit, tag, date, user and program", async () => {
    const config: unknown = JSON.parse(image.blobs[1]?.bytes.toString() ?? "");
    const { hash } = await commit("main~1");
    expect(config).to.deep.include({
      created: "2026-03-04T05:06:07.000Z",
      os: "linux",
      architecture: "amd64",
      config: {
        User: "65532:65532",
        Entrypoint: ["/time-service"],
        Labels: {
          "org.opencontainers.image.created": "2026-03-04T05:06:07.000Z",
          "org.opencontainers.image.revision": hash,
          "org.opencontainers.image.title": "idp/localtime",
          "org.opencontainers.image.version": buildTag(hash),
        },
      },
    });
  });

  it("contains one static program that answers the chart's probes and shuts down cleanly", async function () {
    if (process.platform !== "linux" || process.arch !== "x64") {
      throw new Error(`The image's program runs on linux/x64, not on ${process.platform}.`);
    }
    const root = join(scratch, "root");
    mkdirSync(root);
    const layer = join(scratch, "layer.tar");
    writeFileSync(layer, image.blobs[0]?.bytes ?? "");
    const { stdout } = await execa("tar", ["-tvf", layer, "--utc"], { env: { LC_ALL: "C" } });
    expect(stdout).to.match(/^-rwxr-xr-x 0\/0 +\d+ 2026-03-04 05:06 time-service$/);
    await execa("tar", ["-xf", layer, "-C", root]);

    const port = await freePort();
    const running = execa(join(root, service), [], { env: { PORT: `${port}` }, extendEnv: false });
    const url = `http://127.0.0.1:${port}`;
    try {
      await answered(`${url}/health`);
      expect((await fetch(`${url}/ready`)).status).to.equal(200);
      const { hash } = await commit("main~1");
      expect(await (await fetch(`${url}/version`)).json()).to.deep.equal({
        version: buildTag(hash),
      });
    } finally {
      running.kill("SIGTERM");
    }
    expect((await running).exitCode).to.equal(0);
  });

  it("refuses a commit without the source, and an unknown commit", async () => {
    const head = await commit("HEAD");
    expect(await errorOf(buildService("other-service", "idp/other", head))).to.include(
      `${head.hash.slice(0, 7)} has no examples/other-service`,
    );
    expect(await errorOf(commit("0123456"))).to.include('There is no commit "0123456" in');
    expect(await errorOf(commit("--all"))).to.include('There is no commit "--all" in');
  });

  it("reports compile errors", async function () {
    this.timeout(compileLimitMs);
    writeFileSync(join(repository, sourcesFolder, service, "broken.go"), "package main\nvar x y\n");
    await git("add", "--all");
    await git("commit", "--quiet", "-m", "Break it");
    expect(await errorOf(commit("HEAD").then((head) => buildService(service, "x", head)))).to.match(
      /examples\/time-service does not compile at [0-9a-f]{7}:[^]*broken\.go:2:7: undefined: y/,
    );
  });

  const commit = (name: string) => findCommit(name, [repository]);
  const git = (...args: string[]) =>
    execa("git", ["-c", "user.name=t", "-c", "user.email=t@idp.invalid", ...args], {
      cwd: repository,
      env: { GIT_COMMITTER_DATE: committed, GIT_AUTHOR_DATE: committed },
    });
});

describe("servicesWithSource", () => {
  it("finds both examples", () => {
    expect(servicesWithSource()).to.deep.equal([service, "version-service"]);
  });
});

async function answered(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await sleep(50);
  }
  throw new Error(`${url} does not answer`);
}

function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
