import { expect } from "chai";
import {
  argoCdRelease,
  imageUpdaterRelease,
  readReleaseManifest,
} from "../../config/release-manifest.ts";
import { fixtureRelease } from "../support/fixtures.ts";

const manifestSha256 = "0".repeat(64);

describe("a release's manifest", () => {
  it("of Argo CD is the variant that the settings ask for, from the release or from their own address", () => {
    const settings = {
      version: "3.6.1",
      manifestSha256,
      highAvailability: false,
      reconciliationSeconds: 60,
      sync: "manual",
    } as const;
    const base = "https://raw.githubusercontent.com/argoproj/argo-cd/v3.6.1/manifests";
    expect(argoCdRelease(settings)).to.deep.equal({
      url: `${base}/install.yaml`,
      sha256: manifestSha256,
    });
    expect(argoCdRelease({ ...settings, highAvailability: true }).url).to.equal(
      `${base}/ha/install.yaml`,
    );
    expect(argoCdRelease({ ...settings, manifestUrl: "file:///x" }).url).to.equal("file:///x");
  });

  it("of Image Updater comes from the release or from the settings' own address", () => {
    const settings = { version: "1.3.0", manifestSha256, intervalSeconds: 60 };
    expect(imageUpdaterRelease(settings)).to.deep.equal({
      url: "https://raw.githubusercontent.com/argoproj-labs/argocd-image-updater/v1.3.0/config/install.yaml",
      sha256: manifestSha256,
    });
    expect(imageUpdaterRelease({ ...settings, manifestUrl: "file:///x" }).url).to.equal(
      "file:///x",
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
