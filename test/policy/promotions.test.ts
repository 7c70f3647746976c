import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { versionsHad } from "../../cli/versions-had.ts";
import { committedRules } from "../../catalog/committed-rules.ts";
import { formatFinding } from "../../catalog/finding.ts";
import { inspectCatalog } from "../../catalog/read.ts";
import { environments } from "../../config/environments.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { promotionFindings } from "../../policy/repository/promotions.ts";
import { versionSubjects } from "../../policy/repository/versions.ts";
import { identity } from "../support/platform.ts";

const files = {
  staging: "argocd/applications/staging/time-service.yaml",
  prod: "argocd/applications/prod/time-service.yaml",
} as const;
const hold = (tag: string) => `hold: { tag: ${tag}, reason: leaks memory }\n`;

/** A version, and its hold. */
type Version = readonly [tag: string, more?: string];

describe("what staging no longer stands for", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "idp-promotions-"));
    for (const name of ["argocd", ...environments.map((name) => `Pulumi.${name}.yaml`)]) {
      cpSync(join(repositoryRoot, name), join(root, name), { recursive: true });
    }
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const textOf = (file: string, [tag, more = ""]: Version) =>
    `${readFileSync(join(repositoryRoot, file), "utf8").replace(/tag: \S+/, `tag: ${tag}`)}${more}`;

  type Here = Readonly<Record<keyof typeof files, Version>>;
  type Base = Readonly<Partial<Here>>;

  /** The catalogs with the two files of time-service as they are here and, where they differ, at the base. */
  async function written(here: Here, base: Base) {
    for (const name of ["staging", "prod"] as const) {
      writeFileSync(join(root, files[name]), textOf(files[name], here[name]));
    }
    const rules = committedRules(root);
    const catalogs = await Promise.all(
      environments.map((environment) => inspectCatalog(root, environment, rules[environment])),
    );
    const before = (file: string) => {
      const name = (["staging", "prod"] as const).find((one) => files[one] === file);
      const version = name && base[name];
      return version && textOf(file, version);
    };
    return { catalogs, before };
  }

  /** What the check says of time-service. */
  async function said(here: Here, base: Base = {}): Promise<string[]> {
    const { catalogs, before } = await written(here, base);
    // The lines are the repository's own affair.
    return promotionFindings(root, catalogs, before).map((one) =>
      formatFinding(one).replace(/:\d+:\d+ /, " "),
    );
  }

  it("lets prod have what staging had before it was taken back, and no release that it never had", async () => {
    const passed = async (staging: Version, base?: Version, had: readonly string[] = []) => {
      const here = { staging, prod: ["v1.0.0"] } as const;
      const { catalogs, before } = await written(here, base ? { staging: base } : {});
      const prod = catalogs.filter(({ environment }) => environment === "prod");
      const known = (file: string) => (file === files.staging ? had : ["v9.9.9"]);
      return prod
        .flatMap((catalog) => versionSubjects(root, catalog, catalogs, before, known))
        .filter(({ where }) => where === "Release time-service")
        .map(({ value }) => value.earlier);
    };
    // As a rollback leaves the file.
    const back = ["v1.1.0", hold("v1.1.0")] as const;
    const had = ["v1.1.0", "v1.2.0", "v1.0.0"];
    expect(await passed(["v1.1.0"], undefined, had)).to.deep.equal(["v1.1.0"]);
    expect(await passed(back, undefined, had)).to.deep.equal(["v1.2.0"]);
    expect(await passed(back, undefined, [])).to.deep.equal(["v1.1.0"]);
    // The hold, or a higher image.tag that never ran, comes by this change.
    expect(await passed(back, ["v1.1.0"], had)).to.deep.equal(["v1.1.0"]);
    expect(await passed(["v9.0.0", hold("v1.1.0")], back, had)).to.deep.equal(["v1.2.0"]);
  });

  it("reads what staging had from git's history", () => {
    const git = (...args: readonly string[]) =>
      execFileSync("git", ["-C", root, ...args], { env: { ...process.env, ...identity } });
    const commit = (version: Version) => {
      writeFileSync(join(root, files.staging), textOf(files.staging, version));
      git("add", ".");
      git("commit", "--quiet", "--message", version[0]);
    };
    expect(versionsHad(root)(files.staging)).to.deep.equal([]);
    git("init", "--quiet", "--initial-branch=main");
    commit(["v1.1.0"]);
    commit(["v1.2.0"]);
    git("branch", "base");
    commit(["v1.1.0", hold("v1.1.0")]);
    expect(versionsHad(root)(files.staging)).to.deep.equal(["v1.1.0", "v1.2.0", "v1.1.0"]);
    expect(versionsHad(root, "base")(files.staging)).to.deep.equal(["v1.2.0", "v1.1.0"]);
    expect(versionsHad(root, "none")(files.staging)).to.deep.equal([]);
  });

  const warning = (found: string, wanted: string, fix: string, key = "image.tag") =>
    `${files.prod} (Release time-service) warning staging-stands-for-prod: ${key}: found "${found}"; should be ${wanted}
    Why: What staging was taken back from may be what prod should not get.
    Fix: ${fix}`;
  const close =
    "close the pull request, or merge it when staging has v1.2.0 again: idp status time-service";
  const back =
    "take prod back, too: idp rollback time-service prod --to v1.1.0; or when staging may go on: idp unhold time-service staging";

  for (const [what, here, base, expected] of [
    [
      "a promotion of what staging names",
      { staging: ["v1.2.0"], prod: ["v1.2.0"] },
      { prod: ["v1.0.0"] },
      [],
    ],
    [
      "a promotion after which staging was rolled back",
      { staging: ["v1.2.0"], prod: ["v1.2.0"] },
      { staging: ["v1.1.0", hold("v1.1.0")], prod: ["v1.0.0"] },
      [warning("v1.2.0", "v1.1.0, which staging holds", close)],
    ],
    [
      "a promotion after which staging went on",
      { staging: ["v1.2.0"], prod: ["v1.2.0"] },
      { staging: ["v1.3.0"], prod: ["v1.0.0"] },
      [warning("v1.2.0", "v1.3.0, which staging names", close)],
    ],
    [
      "a promotion of what staging is held below",
      { staging: ["v1.1.0", hold("v1.1.0")], prod: ["v1.2.0"] },
      { prod: ["v1.0.0"] },
      [warning("v1.2.0", "v1.1.0, which staging holds", close)],
    ],
    [
      "a prod that staging was taken back from, with nothing to compare",
      { staging: ["v1.1.0", hold("v1.1.0")], prod: ["v1.2.0"] },
      {},
      [warning("v1.2.0", "v1.1.0, which staging holds", back)],
    ],
    [
      "a prod that waits below staging",
      { staging: ["v1.2.0"], prod: ["v1.0.0"] },
      { staging: ["v1.3.0"] },
      [],
    ],
    [
      "a rollback in prod",
      { staging: ["v1.2.0"], prod: ["v1.1.0", hold("v1.1.0")] },
      { prod: ["v1.2.0"] },
      [],
    ],
    [
      "a prod held above a staging that is held",
      { staging: ["v1.1.0", hold("v1.1.0")], prod: ["v1.2.0", hold("v1.2.0")] },
      {},
      [warning("v1.2.0", "v1.1.0, which staging holds", back, "hold.tag")],
    ],
    [
      "what the rule refuses, which is enough",
      { staging: ["v1.1.0"], prod: ["v1.2.0"] },
      { prod: ["v1.0.0"] },
      [],
    ],
  ] as const) {
    it(`is ${expected.length === 0 ? "not " : ""}${what}`, async () => {
      expect(await said(here, base)).to.deep.equal(expected);
    });
  }
});
