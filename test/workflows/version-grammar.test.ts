import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { isRelease, tagPatterns } from "../../catalog/schema.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const textOf = (file: string) => readFileSync(join(repositoryRoot, file), "utf8");

/** The condition of the release workflow's first step, as bash reads it. */
const condition = /\[\[ \$GITHUB_REF =~ (\S+) \]\]/.exec(
  textOf(".github/workflows/service-release.yml"),
)?.[1];

describe("a release's version has one grammar", () => {
  it("in the schema, the release workflow and Image Updater's rules", () => {
    expect(condition).to.equal(tagPatterns.release.replace("^", "^refs/tags/"));
    const rules = ["dev", "staging"].map(
      (environment) => /"allowTags": "(.*)"/.exec(textOf(`test/golden/${environment}.json`))?.[1],
    );
    expect(rules.map((rule) => JSON.parse(`"${rule ?? ""}"`) as unknown)).to.deep.equal([
      `regexp:${tagPatterns.build}`,
      `regexp:${tagPatterns.release}`,
    ]);
  });

  for (const version of [
    ...["v1.2.3", "v0.0.0", "v10.20.30", "v2026.7.1", "v2026.07.01", "v01.2.3", "v1.2", "v1.2.3.4"],
    ...["v1.2.3-rc1", "1.2.3", "V1.2.3", "v1.2.03", "v00.0.0", "v1.2.3 "],
  ]) {
    it(`bash and the schema agree on ${JSON.stringify(version)}`, () => {
      const script = `[[ $GITHUB_REF =~ ${condition ?? ""} ]] && echo yes || echo no`;
      const env = { GITHUB_REF: `refs/tags/${version}` };
      const said = execFileSync("/bin/bash", ["-c", script], { env, encoding: "utf8" }).trim();
      expect(said).to.equal(isRelease(version) ? "yes" : "no");
    });
  }
});
