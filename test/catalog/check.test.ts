import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { checkServiceFiles } from "../../cli/check.ts";
import { formatFindings, isFailure } from "../../cli/findings.ts";
import { environments } from "../../config/environments.ts";
import { repositoryRoot } from "../../lib/paths.ts";

describe("checkServiceFiles", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "idp-check-"));
    const copied = ["argocd", ...environments.map((environment) => `Pulumi.${environment}.yaml`)];
    await Promise.all(
      copied.map((name) => cp(join(repositoryRoot, name), join(root, name), { recursive: true })),
    );
  });
  afterEach(() => rm(root, { recursive: true }));

  it("finds nothing wrong with the repository itself", async () => {
    const findings = await checkServiceFiles(root);
    expect(formatFindings(findings)).to.equal("idp check: 0 errors, 0 warnings");
    expect(isFailure(findings)).to.equal(false);
  });

  it("warns about a service that skipped an environment, and does not fail", async () => {
    await rm(join(root, "argocd/applications/staging/time-service.yaml"));
    const findings = await checkServiceFiles(root);
    expect(formatFindings(findings)).to.equal(
      `argocd/applications/prod/time-service.yaml:1:1 warning not-promoted: found a service of prod that staging does not have; should be in staging too
    Fix: add argocd/applications/staging/time-service.yaml, or retire the service: git rm argocd/applications/prod/time-service.yaml
idp check: 0 errors, 1 warning`,
    );
    expect(isFailure(findings)).to.equal(false);
  });

  it("warns about a service that has another image in a later environment", async () => {
    const file = join(root, "argocd/applications/prod/time-service.yaml");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("idp/localtime", "idp/clock"));
    const findings = await checkServiceFiles(root);
    expect(findings.map(({ rule, level, message }) => `${level} ${rule} ${message}`)).to.deep.equal(
      [
        "warning other-image image.repository: found idp/clock; should be idp/localtime, as in dev: a release is copied under its name",
        "warning other-image image.repository: found idp/clock; should be idp/localtime, as in staging: a release is copied under its name",
      ],
    );
  });

  it("warns about an image in quotes where Image Updater writes, and does not fail", async () => {
    for (const environment of environments) {
      const file = join(root, `argocd/applications/${environment}/time-service.yaml`);
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace(/^( *tag): (\S+)/m, '$1: "$2"'));
    }
    const findings = await checkServiceFiles(root);
    const tag = (environment: string) =>
      new RegExp(`applications/${environment}/time-service.yaml:\\d+:8 warning image-update: `);
    const lines = formatFindings(findings).split("\n");
    expect(lines).to.have.length(5);
    expect(lines[0]).to.match(tag("dev"));
    expect(lines[1]).to.match(/^ {4}Fix: write tag: sha-[0-9a-f]{7} on a line of its own$/);
    expect(lines[2]).to.match(tag("staging"));
    expect(lines.at(-1)).to.equal("idp check: 0 errors, 2 warnings");
    expect(isFailure(findings)).to.equal(false);
  });

  it("fails on an error, in text and in JSON alike", async () => {
    const file = join(root, "argocd/applications/prod/time-service.yaml");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("v1.0.0", "latest"));
    const findings = await checkServiceFiles(root);
    expect(isFailure(findings)).to.equal(true);
    expect(JSON.parse(formatFindings(findings, "json"))).to.deep.equal([
      {
        rule: "wrong-value",
        level: "error",
        file: "argocd/applications/prod/time-service.yaml",
        line: 4,
        column: 8,
        key: "image.tag",
        found: "latest",
        allowed: "must be v<major>.<minor>.<patch> here: this environment runs releases",
        fix: "write for example tag: v1.2.3",
        message:
          "image.tag: found latest; must be v<major>.<minor>.<patch> here: this environment runs releases",
      },
    ]);
  });

  it("names the stack file that has no image strategy", async () => {
    await writeFile(
      join(root, "Pulumi.prod.yaml"),
      'config:\n  idp:aws: { accountId: "000000000000", region: us-west-2 }\n',
    );
    const error: unknown = await checkServiceFiles(root).catch((error: unknown) => error);
    expect(String(error)).to.match(
      /^SettingsError: Pulumi\.prod\.yaml is not valid:\n(.*\n)* {2}idp:images: found nothing/,
    );
  });
});
