import { expect } from "chai";
import { readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { wholeGroups } from "../../config/committed.ts";
import {
  argoCdRelease,
  imageUpdaterRelease,
  readPinned,
  readReleaseManifest,
} from "../../config/release-manifest.ts";
import { Settings } from "../../config/schema.ts";
import { readStackFiles } from "../../config/stack-files.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { fixtureRelease } from "../support/fixtures.ts";

const manifestSha256 = "0".repeat(64);

const releases = join(repositoryRoot, "config/releases");
const file = (path: string) => pathToFileURL(join(releases, path)).href;

describe("a release's manifest", () => {
  it("of Argo CD is the file of the version and variant that the settings ask for, or at their own address", () => {
    const settings = {
      version: "3.6.1",
      manifestSha256,
      highAvailability: false,
      reconciliationSeconds: 60,
      sync: "manual",
    } as const;
    expect(argoCdRelease(settings)).to.deep.equal({
      url: file("argo-cd/3.6.1/install.yaml"),
      sha256: manifestSha256,
    });
    expect(argoCdRelease({ ...settings, highAvailability: true }).url).to.equal(
      file("argo-cd/3.6.1/ha/install.yaml"),
    );
    expect(argoCdRelease({ ...settings, manifestUrl: "file:///x" }).url).to.equal("file:///x");
  });

  it("of Image Updater is the version's file, or at the settings' own address", () => {
    const settings = { version: "1.3.0", manifestSha256, intervalSeconds: 60 };
    expect(imageUpdaterRelease(settings)).to.deep.equal({
      url: file("image-updater/1.3.0/install.yaml"),
      sha256: manifestSha256,
    });
    expect(imageUpdaterRelease({ ...settings, manifestUrl: "file:///x" }).url).to.equal(
      "file:///x",
    );
  });

  it("is in git, with the pinned sha256, for each stack; no other version is kept", async () => {
    const used = readStackFiles(repositoryRoot).flatMap((stackFile) => {
      const settings = wholeGroups(stackFile, Settings.pick({ argoCd: true, images: true }));
      if (!settings) throw new Error(`${stackFile.file} has mistakes`);
      const { argoCd, images } = settings;
      return [
        argoCdRelease(argoCd),
        ...(images.strategy === "pinned" ? [] : [imageUpdaterRelease(images.imageUpdater)]),
      ];
    });
    await Promise.all(used.map((release) => readPinned(release)));
    const versionOf = (url: string) =>
      relative(releases, fileURLToPath(url)).split(sep).slice(0, 2).join("/");
    const kept = (await readdir(releases, { withFileTypes: true })).map(async ({ name }) =>
      (await readdir(join(releases, name))).map((version) => `${name}/${version}`),
    );
    expect((await Promise.all(kept)).flat().sort()).to.deep.equal(
      [...new Set(used.map(({ url }) => versionOf(url)))].sort(),
    );
  });

  it("is missed with the page that says how to get it", async () => {
    const release = { url: file("argo-cd/0.0.0/install.yaml"), sha256: manifestSha256 };
    const error: unknown = await readPinned(release).catch((error: unknown) => error);
    expect(String(error)).to.match(
      /config\/releases\/argo-cd\/0\.0\.0\/install\.yaml cannot be read: .*ENOENT.* Fix: put the release's manifest there, as docs\/runbooks\/argocd-upgrade\.md says\.$/,
    );
  });

  it("is read as a list of objects", async () => {
    const objects = await readReleaseManifest(fixtureRelease("image-updater-install"));
    expect(objects.map(({ kind }) => kind)).to.include("Deployment");
  });

  it("is refused when it is not the pinned one", async () => {
    const release = { ...fixtureRelease("argocd-install"), sha256: manifestSha256 };
    const error: unknown = await readReleaseManifest(release).catch((error: unknown) => error);
    expect(String(error)).to.match(
      /argocd-install\.yaml is not the manifest that is pinned: sha256 is [0-9a-f]{64}, allowed is 0{64}\. Fix: check the release/,
    );
  });
});
