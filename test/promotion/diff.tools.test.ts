import { expect } from "chai";
import { execa } from "execa";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { diffLines } from "../../cli/diff.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { diffService, differentValues } from "../../promotion/diff.ts";
import { unifiedDiff } from "../../promotion/render.ts";
import { serviceFileOf } from "../../promotion/services.ts";
import { ensureHelm, helm } from "../chart/helm.ts";
import { failure, Platform, serviceText } from "../support/platform.ts";

/** The chart of this repository, as files of a commit. */
async function chartFiles(): Promise<Record<string, string>> {
  const args = ["ls-files", "helm-charts/standard-service"];
  const { stdout } = await execa("git", args, { cwd: repositoryRoot });
  return Object.fromEntries(
    stdout.split("\n").map((path) => [path, readFileSync(join(repositoryRoot, path), "utf8")]),
  );
}

describe("diff", () => {
  let platform: Platform;
  before(async function () {
    this.timeout(600_000);
    await ensureHelm();
  });
  beforeEach(async () => {
    platform = await Platform.start();
    await platform.commitElsewhere(await chartFiles(), "The chart");
  });
  afterEach(() => {
    platform.stop();
  });
  const diff = (from: "dev" | "staging" | "prod", to: "dev" | "staging" | "prod") =>
    diffService(platform.workspace, { service: "clock", from, to }, helm);

  it("reports how the files, the images and the manifests differ", async () => {
    const text = serviceText("prod", "v1.0.0").replace("replicas: 2", "replicas: 3");
    await platform.commitElsewhere({ [serviceFileOf("prod", "clock")]: text });
    const commit = await platform.inRemote("rev-parse", "main");
    const digest = await platform.push("dev", "sha-0000001", 1);
    const { manifest, ...rest } = await diff("dev", "prod");
    expect(rest).to.deep.equal({
      service: "clock",
      commit,
      from: { environment: "dev", image: "idp/clock", tag: "sha-0000001", digest },
      to: { environment: "prod", image: "idp/clock", tag: "v1.0.0", digest },
      sameTag: false,
      sameDigest: true,
      values: [
        {
          key: "image.repository",
          from: "111111111111.dkr.ecr.us-west-2.amazonaws.com/idp/clock",
          to: "333333333333.dkr.ecr.us-west-2.amazonaws.com/idp/clock",
        },
        { key: "image.tag", from: "sha-0000001", to: "v1.0.0" },
        { key: "replicas", from: 2, to: 3 },
      ],
      problems: [],
    });
    const changes = manifest.split("\n").filter((line) => /^[-+]/.test(line));
    expect(changes).to.include.members([
      "--- dev",
      "+++ prod",
      "-  replicas: 2",
      "+  replicas: 3",
      '-          image: "111111111111.dkr.ecr.us-west-2.amazonaws.com/idp/clock:sha-0000001"',
      '+          image: "333333333333.dkr.ecr.us-west-2.amazonaws.com/idp/clock:v1.0.0"',
    ]);
    expect(changes.filter((line) => line.startsWith("-")).length).to.equal(
      changes.filter((line) => line.startsWith("+")).length,
    );
  });

  it("recognises two images under one tag", async () => {
    await platform.push("staging", "v1.1.0", 2);
    await platform.push("prod", "v1.1.0", 3);
    await platform.commitElsewhere(
      Object.fromEntries(
        (["staging", "prod"] as const).map((environment) => [
          serviceFileOf(environment, "clock"),
          serviceText(environment, "v1.1.0"),
        ]),
      ),
    );
    const { sameTag, sameDigest } = await diff("staging", "prod");
    expect({ sameTag, sameDigest }).to.deep.equal({ sameTag: true, sameDigest: false });
  });

  it("returns the rest when a registry is down, and does not guess", async () => {
    platform.registries.prod.stop();
    const found = await diff("staging", "prod");
    expect(found.sameDigest).to.equal(null);
    expect(found.to.digest).to.equal(null);
    expect(found.problems.join()).to.include("The registry of prod");
    expect(found.manifest).to.include("+++ prod");
    expect(diffLines(found).at(-1)).to.match(/^problem: The registry of prod/);
  });

  it("renders with the chart of the remote's commit, not of the clone's folder", async () => {
    platform.edit({ "helm-charts/standard-service/Chart.yaml": "broken" });
    expect((await diff("staging", "prod")).manifest).to.include("333333333333");
  });

  it("fails with Helm's message when the chart cannot render", async () => {
    const text = '{{ fail "no clock today" }}';
    await platform.commitElsewhere({ "helm-charts/standard-service/templates/x.yaml": text });
    expect(await failure(diff("dev", "prod"))).to.include("no clock today");
  });

  it("refuses the same environment twice, and a service that does not exist", async () => {
    expect(await failure(diff("dev", "dev"))).to.equal(
      "dev and dev are the same environment; name two.",
    );
    expect(
      await failure(
        diffService(platform.workspace, { service: "clok", from: "dev", to: "prod" }, helm),
      ),
    ).to.include('dev has no service "clok"; did you mean clock?');
  });

  it("is short for a person when there is little to say", async () => {
    const found = await diff("staging", "prod");
    expect(diffLines({ ...found, values: [], manifest: "" })).to.deep.equal([
      `clock in staging: idp/clock:v1.0.0@${found.from.digest ?? ""}`,
      `clock in prod: idp/clock:v1.0.0@${found.to.digest ?? ""}`,
      "one image",
      "",
      "the files say the same",
      "",
      "the manifests are the same",
    ]);
  });
});

describe("different values", () => {
  it("are the leaves that differ or are missing, by their keys", () => {
    expect(
      differentValues(
        { a: 1, b: { c: "x", d: true }, e: "gone" },
        { a: 1, b: { c: "y", d: true }, f: { g: "new" } },
      ),
    ).to.deep.equal([
      { key: "b.c", from: "x", to: "y" },
      { key: "e", from: "gone", to: null },
      { key: "f.g", from: null, to: "new" },
    ]);
  });

  it("are none for equal values", () => {
    expect(differentValues({ a: { b: 1 } }, { a: { b: 1 } })).to.deep.equal([]);
  });
});

describe("a unified diff", () => {
  it("names both sides and holds the lines around a change", async () => {
    expect(await unifiedDiff(["dev", "prod"], ["a\nb\n", "a\nc\n"])).to.equal(
      "--- dev\n+++ prod\n@@ -1,2 +1,2 @@\n a\n-b\n+c",
    );
  });

  it("is empty for equal texts", async () => {
    expect(await unifiedDiff(["dev", "prod"], ["a\n", "a\n"])).to.equal("");
  });
});
