import { expect } from "chai";
import { execa } from "execa";
import fc from "fast-check";
import { z } from "zod";
import { imageUpdateFindings } from "../../../catalog/image-updates.ts";
import { example } from "../../../catalog/schema.ts";
import { setImageTag } from "../../../catalog/set-image-tag.ts";
import { readYaml } from "../../../catalog/yaml.ts";
import { imageUpdates } from "../../../components/gitops.ts";
import { ensureTools } from "../../../twin/toolchain/build.ts";
import { binaryPath } from "../../../twin/toolchain/locate.ts";
import { serviceFiles, type WrittenFile } from "../../catalog/service-files.ts";

const file = "argocd/applications/dev/a.yaml";
const tag = "sha-0123abc";

/** What the real Image Updater makes of service files when a build arrives. */
async function writtenBack(texts: readonly string[]): Promise<string[]> {
  await ensureTools(["image-updater"]);
  const updater = imageUpdates(
    { environment: "dev", repository: { url: "https://example.com/idp.git", branch: "main" } },
    "newest-build",
    [{ name: "a", image: example.image.repository }],
  );
  const { stdout } = await execa(binaryPath("argocd-image-updater"), ["write-back"], {
    input: JSON.stringify({ updater, tag, texts }),
  });
  return z.array(z.string()).length(texts.length).parse(JSON.parse(stdout));
}

/** The same files, and as many with the image in quotes, or with other text before it on its line. */
const files = fc.oneof(
  serviceFiles,
  fc
    .tuple(
      serviceFiles,
      fc.constantFrom(
        (text: string) => text.replace(/(tag: )(sha-\w+)/, '$1"$2"'),
        (text: string) => text.replace(/(tag: )(sha-\w+)/, "$1'$2'"),
        (text: string) => text.replace(/(repository: )([^\s,]+)/, '$1"$2"'),
        (text: string) => text.replace(/\{ image: \{/, '{ env: { A: "é" }, image: {'),
        (text: string) => text.replace(/(tag)(: )/, '"$1"$2'),
      ),
    )
    .map(([{ text, content }, change]): WrittenFile => ({ text: change(text), content })),
);

describe("Image Updater's write-back", function () {
  // Where its program is not built yet.
  this.timeout(20 * 60_000);

  it("changes the tag and no other byte of any valid service file, or idp check warns of the file", async () => {
    const valid = fc
      .sample(files, 1000)
      .map(({ text }) => text)
      .filter((text) => readYaml(file, text).findings.length === 0);
    const written = await writtenBack(valid);
    const seen = { inPlace: 0, anew: 0 };
    for (const [index, text] of valid.entries()) {
      const after = written[index] ?? "";
      const wanted = setImageTag(text, tag);
      const warnings = imageUpdateFindings(file, text);
      if (warnings.length === 0) expect(after).to.equal(wanted);
      expect(readYaml(file, after).value, text).to.deep.equal(readYaml(file, wanted).value);
      seen[warnings.length === 0 ? "inPlace" : "anew"] += 1;
    }
    expect(seen.inPlace).to.be.greaterThan(100);
    expect(seen.anew).to.be.greaterThan(100);
  });
});
