import { expect } from "chai";
import type { Environment } from "../../config/environments.ts";
import { digestOfTag } from "../../promotion/registry.ts";
import { release, type ReleaseRequest } from "../../promotion/release.ts";
import { serviceFileOf } from "../../promotion/services.ts";
import { failure, Platform, serviceText } from "../support/platform.ts";

describe("release", () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => {
    platform.stop();
  });

  it("copies the digest of dev's build to prod's and staging's registries, and nothing else", async () => {
    const digest = await platform.push("dev", "sha-0000002", 2);
    const before = await platform.inRemote("rev-parse", "main");
    const made = await release(platform.workspace, {
      service: "clock",
      version: "v1.1.0",
      commit: "0000002abcdef",
    });
    expect(made).to.deep.equal({
      service: "clock",
      version: "v1.1.0",
      image: "idp/clock",
      build: "sha-0000002",
      digest,
      copiedTo: ["prod", "staging"],
    });
    for (const environment of ["staging", "prod"] as const) {
      expect(platform.registries[environment].contents()).to.include(`idp/clock:v1.1.0 ${digest}`);
      expect(platform.registries[environment].contents()).to.have.length(2);
    }
    expect(platform.registries.dev.contents()).to.have.length(2);
    expect(await platform.inRemote("rev-parse", "main")).to.equal(before);
  });

  it("uses the build in dev's file when no commit is given", async () => {
    await platform.push("dev", "sha-0000002", 2);
    const { build } = await release(platform.workspace, { service: "clock", version: "v1.1.0" });
    expect(build).to.equal("sha-0000001");
  });

  describe("from another environment's registry", () => {
    it("copies the digest to the one that lacks it, and asks dev's registry nothing", async () => {
      const digest = await platform.push("prod", "v1.1.0", 2);
      for (const registry of Object.values(platform.registries)) registry.requests.length = 0;
      platform.registries.dev.stop();
      const request = { service: "clock", version: "v1.1.0", from: "prod" } as const;
      expect(await release(platform.workspace, request)).to.deep.equal({
        service: "clock",
        version: "v1.1.0",
        image: "idp/clock",
        build: null,
        digest,
        copiedTo: ["staging"],
      });
      const { dev, staging, prod } = platform.registries;
      expect(staging.contents()).to.deep.equal([
        `idp/clock:v1.0.0 ${await digestOf("staging", "v1.0.0")}`,
        `idp/clock:v1.1.0 ${digest}`,
      ]);
      expect([dev.requests, prod.writes()]).to.deep.equal([[], []]);
      // The tag is written last: nobody sees an incomplete release.
      expect(staging.writes().at(-1)).to.equal("PUT /v2/idp/clock/manifests/v1.1.0");
      expect(staging.writes().filter((write) => write.includes("/manifests/"))).to.have.length(1);
      const again = await release(platform.workspace, request);
      expect(again.copiedTo).to.deep.equal([]);
    });

    it("also copies from staging's to prod's", async () => {
      const digest = await platform.push("staging", "v1.1.0", 2);
      const made = await release(platform.workspace, {
        service: "clock",
        version: "v1.1.0",
        from: "staging",
      });
      expect([made.digest, made.copiedTo]).to.deep.equal([digest, ["prod"]]);
      expect(await digestOf("prod", "v1.1.0")).to.equal(digest);
    });

    it("continues where an interrupted one stopped", async () => {
      const digest = await platform.push("prod", "v1.1.0", 2);
      const request = { service: "clock", version: "v1.1.0", from: "prod" } as const;
      platform.registries.staging.fails = (sent) => sent.includes("/manifests/v1.1.0");
      expect(await failure(release(platform.workspace, request))).to.include(
        "The registry of staging",
      );
      expect(platform.registries.staging.contents()).to.have.length(1);
      platform.registries.staging.fails = () => false;
      await release(platform.workspace, request);
      expect(await digestOf("staging", "v1.1.0")).to.equal(digest);
    });

    const digestOf = (environment: Environment, tag: string) =>
      digestOfTag(platform.registries[environment].as(environment), "idp/clock", tag);
  });

  it("writes nothing the second time", async () => {
    await release(platform.workspace, { service: "clock", version: "v1.1.0" });
    const state = await platform.state();
    for (const registry of Object.values(platform.registries)) registry.requests.length = 0;
    const again = await release(platform.workspace, { service: "clock", version: "v1.1.0" });
    expect(again.copiedTo).to.deep.equal([]);
    expect(await platform.state()).to.deep.equal(state);
    for (const registry of Object.values(platform.registries)) {
      expect(registry.writes()).to.deep.equal([]);
    }
  });

  it("continues where an interrupted one stopped", async () => {
    platform.registries.staging.fails = (request) =>
      request.startsWith("PUT") && request.includes("/manifests/");
    const said = await failure(
      release(platform.workspace, { service: "clock", version: "v1.1.0" }),
    );
    expect(said).to.include("The registry of staging");
    platform.registries.staging.fails = () => false;
    const { copiedTo } = await release(platform.workspace, { service: "clock", version: "v1.1.0" });
    expect(copiedTo).to.deep.equal(["staging"]);
  });

  it("logs in when the registry asks for it", async () => {
    platform.registries.prod.authorization = "Basic abc";
    const { copiedTo } = await release(platform.workspace, { service: "clock", version: "v1.1.0" });
    expect(copiedTo).to.deep.equal(["prod", "staging"]);
  });

  describe("refuses, and leaves registries and git as they were:", () => {
    const refused = async (request: Partial<ReleaseRequest>, ...words: string[]) => {
      const state = await platform.state();
      const said = await failure(
        release(platform.workspace, { service: "clock", version: "v1.1.0", ...request }),
      );
      for (const word of words) expect(said).to.include(word);
      expect(await platform.state()).to.deep.equal(state);
      for (const registry of Object.values(platform.registries)) {
        expect(registry.writes()).to.deep.equal([]);
      }
    };

    for (const version of ["latest", "v1.2", "1.2.3", "v1.2.3-rc.1", "v01.2.3", "", "v1.2.3 "]) {
      it(`the version "${version}"`, () =>
        refused({ version }, `"${version}" is not a release version`, "v1.2.3"));
    }

    it("a build that does not exist", () =>
      refused(
        { commit: "fffffff" },
        "has no idp/clock:sha-fffffff",
        "1 build(s), such as sha-0000001",
      ));

    for (const commit of ["abc", "main", "ABCDEF0", "sha-0000001"]) {
      it(`the commit "${commit}"`, () => refused({ commit }, `"${commit}" is not a commit`));
    }

    it("a service that does not exist, and lists those that do", () =>
      refused(
        { service: "clok" },
        'dev has no service "clok"; did you mean clock?',
        "There are: clock.",
      ));

    for (const environment of ["staging", "prod"] as const) {
      it(`a version that ${environment} has with another digest`, async () => {
        await platform.push(environment, "v1.1.0", 7);
        platform.registries[environment].requests.length = 0;
        await refused({}, `idp/clock:v1.1.0 is in ${environment}'s registry already`, "sha256:");
      });
    }

    it("a release that the other registry does not have, and lists those it has", () =>
      refused(
        { from: "prod" },
        "prod's registry (http://127.0.0.1:",
        "has no idp/clock:v1.1.0",
        "It has 1 release(s), such as v1.0.0. Fix: release the build that it was made from",
      ));

    it("a copy of a release that staging has with another digest", async () => {
      await platform.push("prod", "v1.1.0", 2);
      await platform.push("staging", "v1.1.0", 7);
      for (const registry of Object.values(platform.registries)) registry.requests.length = 0;
      await refused(
        { from: "prod" },
        "idp/clock:v1.1.0 is in staging's registry already, as another image: sha256:",
        "; prod's v1.1.0 is sha256:",
      );
    });

    it("a copy of a service that the other environment does not have", () =>
      refused(
        { from: "prod", service: "clok" },
        'prod has no service "clok"; did you mean clock?',
      ));

    it("a clone with uncommitted changes", async () => {
      platform.edit({ [serviceFileOf("dev", "clock")]: serviceText("dev", "sha-0000009") });
      await refused({}, "uncommitted changes: argocd/applications/dev/clock.yaml", "git stash");
    });

    it("a clone that has diverged", async () => {
      await platform.inClone("commit", "--quiet", "--allow-empty", "-m", "Mine");
      await platform.commitElsewhere({ "README.md": "theirs\n" });
      await refused({}, "has diverged: 1 commit(s) that origin lacks, 1 that it lacks itself");
    });

    it("a clone with commits that were not pushed", async () => {
      await platform.inClone("commit", "--quiet", "--allow-empty", "-m", "Mine");
      await refused({}, "has 1 commit(s) that origin lacks", "git push origin main");
    });

    for (const environment of ["dev", "staging", "prod"] as const) {
      it(`when ${environment}'s registry is down`, async () => {
        platform.registries[environment].stop();
        await refused(
          {},
          `The registry of ${environment} (http://127.0.0.1:`,
          "does not answer: ECONNREFUSED",
        );
      });
    }

    it("when a registry wants other credentials", async () => {
      const { registryOf } = platform.workspace;
      platform.registries.staging.authorization = "Basic right";
      platform.workspace = {
        ...platform.workspace,
        registryOf: async (environment, host) => ({
          ...(await registryOf(environment, host)),
          authorization: "Basic wrong",
        }),
      };
      await refused({}, "The registry of staging", "answered 401", "Fix: log in");
    });

    it("when the account of staging is not decided", async () => {
      await platform.commitElsewhere({
        "Pulumi.staging.yaml":
          'config:\n  idp:aws: { accountId: "000000000000", region: us-west-2 }\n',
      });
      await refused({}, "The account of staging is not decided: Pulumi.staging.yaml", "--twin");
    });
  });

  it("fails when the git server is down, before it asks a registry", async () => {
    await platform.inClone("remote", "set-url", "origin", "http://127.0.0.1:9/idp.git");
    const said = await failure(
      release(platform.workspace, { service: "clock", version: "v1.1.0" }),
    );
    expect(said).to.include("Could not fetch main from");
    for (const registry of Object.values(platform.registries)) {
      expect(registry.requests).to.deep.equal([]);
    }
  });
});
