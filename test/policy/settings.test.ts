import { expect } from "chai";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkRepository } from "../../cli/check.ts";
import { environments } from "../../config/environments.ts";
import { repositoryRoot } from "../../lib/paths.ts";

describe("idp check of settings that are not valid", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "idp-check-settings-"));
    const stackFiles = environments.map((environment) => `Pulumi.${environment}.yaml`);
    for (const name of ["argocd", "policy/exceptions.yaml", ...stackFiles])
      cpSync(join(repositoryRoot, name), join(root, name), { recursive: true });
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  function edit(file: string, from: string | RegExp, to: string): void {
    const before = readFileSync(join(root, file), "utf8");
    const after = before.replace(from, to);
    expect(after, `${file} has ${String(from)}`).not.to.equal(before);
    writeFileSync(join(root, file), after);
  }

  /** Where a text stands in a file, as findings say it. */
  function placeOf(file: string, text: string): string {
    const lines = (readFileSync(join(root, file), "utf8").split(text)[0] ?? "").split("\n");
    return `${file}:${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
  }

  /** What the check says, as if every chart rendered to nothing; the rules over charts are not asked here. */
  async function said(): Promise<string[]> {
    const findings = await checkRepository(root, {
      helm: () => Promise.resolve(""),
      readRelease: () => Promise.resolve([]),
      concurrency: 2,
      before: () => undefined,
      now: new Date("2026-11-24"),
    });
    return findings
      .filter(({ file }) => !file.startsWith("helm-charts/"))
      .map(({ file, line, column, rule, message, fix }) =>
        [`${file}:${line}:${column} ${rule}: ${message}`, fix].join("\n"),
      );
  }

  it("names each wrong key at its line, and not the service files that follow from it", async () => {
    edit("Pulumi.dev.yaml", /accountId: ".*"/, 'accountId: "12"');
    expect(await said()).to.deep.equal([
      `${placeOf("Pulumi.dev.yaml", "accountId")} settings-are-valid: idp:aws.accountId: found "12"; must be a 12-digit AWS account number, in quotes
pulumi config set --path --type string 'idp:aws.accountId' <value> -s dev`,
    ]);
  });

  it("names all of them, in every environment, unknown ones and missing groups too", async () => {
    edit("Pulumi.dev.yaml", "strategy: newest-build", "strategy: latest");
    edit("Pulumi.staging.yaml", "region: ", "regoin: ");
    edit("Pulumi.prod.yaml", /idp:argoCd:\n/, "idp:argo:\n");
    const keys = (await said()).map((line) => /^(\S+):\d+ settings-are-valid: (\S+):/.exec(line));
    expect(keys.map((match) => match?.slice(1))).to.deep.equal([
      [placeOf("Pulumi.dev.yaml", "strategy").replace(/:\d+$/, ""), "idp:images.strategy"],
      [placeOf("Pulumi.staging.yaml", "idp:aws").replace(/:\d+$/, ""), "idp:aws.region"],
      [placeOf("Pulumi.staging.yaml", "regoin").replace(/:\d+$/, ""), "idp:aws.regoin"],
      [placeOf("Pulumi.prod.yaml", "config:").replace(/:\d+$/, ""), "idp:argoCd"],
      [placeOf("Pulumi.prod.yaml", "idp:argo").replace(/:\d+$/, ""), "idp:argo"],
    ]);
  });

  it("still checks what does not depend on them", async () => {
    edit("Pulumi.dev.yaml", /cidr: \S+/, "cidr: 10.10.0.0/20");
    edit("argocd/applications/dev/time-service.yaml", /repository: [^/]+/, "repository: docker.io");
    edit("argocd/applications/staging/time-service.yaml", "port: ", "prot: ");
    edit("Pulumi.prod.yaml", "deletionProtection: true", "deletionProtection: false");
    const rules = (await said()).map((line) => line.replace(/:\d+:\d+ ([\w-]+): [^]*/, " $1"));
    expect([...new Set(rules)]).to.deep.equal([
      "Pulumi.dev.yaml settings-are-valid",
      "argocd/applications/dev/time-service.yaml wrong-value",
      "argocd/applications/staging/time-service.yaml missing-key",
      "argocd/applications/staging/time-service.yaml unknown-key",
      "argocd/applications/prod/time-service.yaml not-promoted",
      "Pulumi.prod.yaml prod-cluster-refuses-deletion",
      "argocd/applications/prod/time-service.yaml releases-pass-through-staging",
    ]);
  });

  it("names both stacks that share what they must not", async () => {
    const [account = ""] =
      /accountId: ".*"/.exec(readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")) ?? [];
    edit("Pulumi.staging.yaml", /accountId: ".*"/, account);
    expect(
      (await said()).map((line) => line.replace(/:\d+:\d+ /, " ").split(";")[1]),
    ).to.deep.equal([
      " must not be the account of staging (Pulumi.staging.yaml)\npulumi config set --path --type string 'idp:aws.accountId' <value> -s dev",
      " must not be the account of dev (Pulumi.dev.yaml)\npulumi config set --path --type string 'idp:aws.accountId' <value> -s staging",
    ]);
  });

  it("has nothing to say of accounts that are not decided", async () => {
    expect(await said()).to.deep.equal([]);
  });
});
