import { expect } from "chai";
import { newestBuild } from "../../promotion/newest.ts";
import { readBoard } from "../../promotion/read-board.ts";
import { digestOf, putBlob, putManifest, type Registry } from "../../promotion/registry.ts";
import { serviceFileOf } from "../../promotion/services.ts";
import { failure, Platform, serviceText } from "../support/platform.ts";

const name = "idp/clock";
const tag = "sha-0000002";
const type = (kind: string) => `application/vnd.oci.image.${kind}.v1+json`;
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

/** Pushes an image with this configuration, or with these bytes as one. */
async function pushOne(
  registry: Registry,
  config: object | Buffer,
  reference?: string,
  repository = name,
) {
  const blob = Buffer.isBuffer(config) ? config : json(config);
  const [digest, size] = [digestOf(blob), blob.length];
  const read = () => Promise.resolve(new Uint8Array(blob));
  await putBlob(registry, repository, { digest, size, read });
  const bytes = json({ schemaVersion: 2, config: { mediaType: type("config"), digest, size } });
  const made = { digest: digestOf(bytes), mediaType: type("manifest"), bytes };
  await putManifest(registry, repository, reference ?? made.digest, made);
  return { mediaType: made.mediaType, digest: made.digest, size: bytes.length };
}

type Entry = readonly [platform: { os: string; architecture: string } | undefined, config: object];

async function pushIndex(registry: Registry, entries: readonly Entry[]): Promise<void> {
  const manifests = [];
  for (const [platform, config] of entries) {
    manifests.push({ ...(await pushOne(registry, config)), ...(platform && { platform }) });
  }
  const bytes = json({ schemaVersion: 2, manifests });
  await putManifest(registry, name, tag, {
    digest: digestOf(bytes),
    mediaType: type("index"),
    bytes,
  });
}

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const unknown = { os: "unknown", architecture: "unknown" };
const created = "2026-05-05T10:00:00Z";
const [early, late] = ["2020-01-01T00:00:00Z", "2027-01-01T00:00:00Z"];

describe("the date of an image is the one that Image Updater takes", () => {
  let platform: Platform;
  let registry: Registry;
  beforeEach(async () => {
    platform = await Platform.start();
    registry = platform.registries.dev.as("dev");
  });
  afterEach(() => {
    platform.stop();
  });

  const rowOf = async () => {
    const { services, problems } = await readBoard(platform.workspace, { services: ["clock"] });
    expect(problems).to.deep.equal([]);
    const row = services.find(({ environment }) => environment === "dev");
    return { built: row?.built?.toISOString(), waiting: row?.waiting, problem: row?.problem };
  };
  /** What is seen of it before and after it runs, and which build is the newest. */
  const seen = async () => {
    const { waiting, problem } = await rowOf();
    const newest = await newestBuild(registry, name);
    await platform.commitElsewhere({ [serviceFileOf("dev", "clock")]: serviceText("dev", tag) });
    const running = await rowOf();
    return {
      waiting,
      newest,
      built: running.built,
      waitingThen: running.waiting,
      problems: [problem, running.problem],
    };
  };
  const dated = (built: string) => ({
    ...{ waiting: [tag], newest: tag, built: new Date(built).toISOString(), waitingThen: [] },
    problems: [null, null],
  });
  const undated = {
    ...{ waiting: [], newest: "sha-0000001", built: undefined, waitingThen: ["sha-0000001"] },
    problems: [null, null],
  };
  const fix = "Fix: docker build --platform linux/amd64";
  const cannotRun = `idp/clock:${tag} has no linux/amd64, which the nodes are. ${fix}`;
  const foreign = {
    ...undated,
    problems: [`${tag} has no linux/amd64: Image Updater does not take it. ${fix}`, cannotRun],
  };

  const indexes: readonly (readonly [string, readonly Entry[], object])[] = [
    [
      "the attestation first",
      [
        [unknown, unknown],
        [amd64, { ...amd64, created }],
      ],
      dated(created),
    ],
    [
      "the image first",
      [
        [amd64, { ...amd64, created }],
        [unknown, unknown],
      ],
      dated(created),
    ],
    [
      "arm64 first, of another date",
      [
        [arm64, { ...arm64, created: late }],
        [amd64, { ...amd64, created }],
      ],
      dated(created),
    ],
    [
      "two for amd64: the later",
      [
        [amd64, { ...amd64, created }],
        [amd64, { ...amd64, created: early }],
      ],
      dated(created),
    ],
    ["no platform named", [[undefined, { ...amd64, created }]], dated(created)],
    ["arm64 alone", [[arm64, { ...arm64, created }]], foreign],
    [
      "arm64 alone, and older",
      [[arm64, { ...arm64, created: early }]],
      { ...foreign, problems: [null, cannotRun] },
    ],
    ["nothing", [], { ...undated, problems: [null, cannotRun] }],
  ];
  for (const [what, entries, expected] of indexes) {
    it(`of an index with ${what}`, async () => {
      await pushIndex(registry, entries);
      expect(await seen()).to.deep.equal(expected);
    });
  }

  const configs: readonly (readonly [string, object | Buffer, object])[] = [
    ["in RFC 3339", { ...amd64, created }, dated(created)],
    [
      "with an offset and a fraction",
      { ...amd64, created: "2026-05-05T12:00:00.123+02:00" },
      dated("2026-05-05T10:00:00.123Z"),
    ],
    ["without a platform", { created }, dated(created)],
    ["of another platform", { ...arm64, created }, foreign],
    ["null", { ...amd64, created: null }, undated],
    ["missing", amd64, undated],
    ["empty", { ...amd64, created: "" }, undated],
    ["a number", { ...amd64, created: 1777975200 }, undated],
    ["with a space", { ...amd64, created: "2026-05-05 10:00:00" }, undated],
    ["without seconds", { ...amd64, created: "2026-05-05T10:00Z" }, undated],
    ["without an offset", { ...amd64, created: "2026-05-05T10:00:00" }, undated],
    ["a day that is none", { ...amd64, created: "2026-02-30T10:00:00Z" }, undated],
    ["in a configuration that is no JSON", Buffer.from("<html>"), undated],
  ];
  for (const [what, config, expected] of configs) {
    it(`of an image whose date is ${what}`, async () => {
      await pushOne(registry, config, tag);
      expect(await seen()).to.deep.equal(expected);
    });
  }

  const epoch = "1970-01-01T00:00:00Z";
  const sameDate = (others: string) =>
    `${others} has the date of ${tag}, 1970-01-01T00:00:00.000Z: which is the newest cannot be told, and Image Updater takes the last by name. Fix: build with SOURCE_DATE_EPOCH set to the commit's date (docs/services.md#its-image)`;

  it("builds of one date are named, because the newest cannot be told", async () => {
    const others = ["sha-aaaaaaa", "sha-bbbbbbb", "sha-ccccccc", "sha-ddddddd"];
    await platform.commitElsewhere({
      [serviceFileOf("dev", "clock")]: serviceText("dev", tag).replace("idp/clock", "idp/dates"),
    });
    for (const one of [tag, ...others]) {
      await pushOne(registry, { ...amd64, created: epoch, title: one }, one, "idp/dates");
    }
    expect((await rowOf()).problem).to.equal(
      sameDate("sha-aaaaaaa, sha-bbbbbbb, sha-ccccccc (and 1 more)"),
    );
    expect(await newestBuild(registry, "idp/dates")).to.equal("sha-ddddddd");
  });

  it("builds of one date are no matter once there is a newer one, or when they are one image", async () => {
    for (const one of [tag, "sha-aaaaaaa"]) {
      await pushOne(registry, { ...amd64, created: epoch, title: one }, one);
    }
    await platform.commitElsewhere({ [serviceFileOf("dev", "clock")]: serviceText("dev", tag) });
    expect(await rowOf()).to.deep.include({ waiting: ["sha-0000001"], problem: null });
    const config = { ...amd64, created: late };
    await pushOne(registry, config, "sha-ccccccc");
    await pushOne(registry, config, "sha-ddddddd");
    await platform.commitElsewhere({
      [serviceFileOf("dev", "clock")]: serviceText("dev", "sha-ccccccc"),
    });
    expect(await rowOf()).to.deep.include({ waiting: [], problem: null });
  });

  it("a manifest that is none is named with its registry, without a page of JSON", async () => {
    const { digest } = await pushOne(registry, amd64);
    const bytes = json({ manifests: [{ digest }] });
    const mediaType = type("index");
    await putManifest(registry, name, tag, { digest: digestOf(bytes), mediaType, bytes });
    const said = await failure(newestBuild(registry, name));
    expect(said).to.match(
      /^The registry of dev \(http:\/\/127\.0\.0\.1:\d+\) gave something else for the manifest idp\/clock@sha256:\w+:\n✖ /,
    );
    expect(said).not.to.include('"code"');
  });
});
