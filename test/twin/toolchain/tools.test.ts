import { expect } from "chai";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDurations, rememberDuration } from "../../../twin/toolchain/durations.ts";
import { linkerArgument } from "../../../twin/toolchain/go.ts";
import { binaryPath, sharePath, sourceFolder, toolOf } from "../../../twin/toolchain/locate.ts";
import { definitionOf, toolNames } from "../../../twin/toolchain/tools.ts";

const goMod = (name: (typeof toolNames)[number]): string =>
  readFileSync(join(sourceFolder(name), "go.mod"), "utf8");

describe("the tools", () => {
  it("are the folders, each with checksums", () => {
    const folders = readdirSync(join(sourceFolder("etcd"), ".."), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders.sort()).to.deep.equal([...toolNames].sort());
    for (const name of toolNames) {
      expect(existsSync(join(sourceFolder(name), "go.sum")), name).to.be.true;
    }
  });

  it("report the version of Kubernetes that their go.mod requires", () => {
    const { version } = definitionOf("kubernetes");
    expect(goMod("kubernetes")).to.include(`\tk8s.io/kubernetes v${version} `);
  });

  it("contain each program once", () => {
    const programs = toolNames.flatMap((name) => [
      ...Object.keys(definitionOf(name).binaries),
      ...Object.keys(definitionOf(name).links ?? {}),
    ]);
    expect(programs).to.deep.equal([...new Set(programs)]);
  });

  for (const name of toolNames) {
    const { patched } = definitionOf(name);
    if (patched === undefined) continue;
    it(`${name} builds the patched source, and applies every existing patch`, () => {
      expect(goMod(name)).to.include(`replace ${patched.module} => ./upstream`);
      expect([...patched.patches].sort()).to.deep.equal(
        readdirSync(join(sourceFolder(name), "patches")).sort(),
      );
    });
  }

  it("share the versions of Kubernetes' packages so that builds share compiled packages", () => {
    const clientGo = (name: (typeof toolNames)[number]): string | undefined =>
      /k8s\.io\/client-go => k8s\.io\/client-go (v\S+)/.exec(goMod(name))?.[1];
    expect(clientGo("kwok")).to.equal(clientGo("kubernetes"));
    expect(clientGo("helm")).to.equal(clientGo("argocd"));
    expect(clientGo("image-updater")).to.equal(clientGo("argocd"));

    const used = goMod("podbox").match(/k8s\.io\/\S+ v\S+/g) ?? [];
    expect(used).not.to.be.empty;
    for (const module of used) expect(goMod("kubernetes")).to.include(module);
  });
});

describe("the location of a tool", () => {
  it("is found by a program's own or another name", () => {
    expect(toolOf("kube-scheduler")).to.equal("kubernetes");
    expect(toolOf("argocd-repo-server")).to.equal("argocd");
  });

  it("is an error with its fix if the tool is not built", () => {
    const env = { IDP_CACHE: "/nowhere" };
    expect(() => binaryPath("etcd", env)).to.throw(
      /^etcd is not built: \/nowhere\/tools\/etcd-[0-9a-f]{12} does not exist\. Fix: node twin\/toolchain\/main\.ts etcd$/,
    );
    expect(() => sharePath("argocd", "install.yaml", env)).to.throw(/^argocd is not built/);
  });
});

describe("linkerArgument", () => {
  it("strips, and sets the variables", () => {
    expect(linkerArgument()).to.equal("-ldflags=-s -w");
    expect(linkerArgument({ "a.b": "1", "c.d": "v2" })).to.equal(
      "-ldflags=-s -w -X a.b=1 -X c.d=v2",
    );
  });
});

describe("durations", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "idp-durations-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("are kept by tool", () => {
    const path = join(folder, "tools/durations.json");
    expect(readDurations(path)).to.deep.equal({});
    rememberDuration(path, "etcd", 30.6);
    rememberDuration(path, "helm", 100);
    rememberDuration(path, "helm", 5.2);
    expect(readDurations(path)).to.deep.equal({ etcd: 31, helm: 5 });
  });

  it("are none if the file is broken", () => {
    expect(readDurations(folder)).to.deep.equal({});
  });
});
