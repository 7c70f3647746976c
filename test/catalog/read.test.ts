import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { CatalogError } from "../../catalog/finding.ts";
import { catalogOf, imageNames, inspectCatalog, readCatalog } from "../../catalog/read.ts";
import type { CatalogRules } from "../../catalog/schema.ts";
import { committedRegistryHost } from "../../config/committed.ts";
import { readStackFiles } from "../../config/stack-files.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const host = "123456789012.dkr.ecr.us-west-2.amazonaws.com";
const rules: CatalogRules = { registryHost: host, strategy: "newest-build" };

const text = (image: string, more = "") => `image:
  repository: ${host}/${image}
  tag: sha-3f2a9c1
port: 8080
resources: small
replicas: 1
${more}`;

function inspect(files: Record<string, string | undefined>) {
  const entries = Object.entries(files).map(([name, text]) => ({ name, text }));
  const { services, findings } = catalogOf(entries, "dev", rules);
  return {
    names: services.map(({ name }) => name),
    findings: findings.map(({ file, rule, message, fix }) => `${file} ${rule} ${message} | ${fix}`),
  };
}

describe("catalogOf", () => {
  it("sorts the services by name and ignores .gitkeep", () => {
    const files = { ".gitkeep": "", "b.yaml": text("idp/b"), "a.yaml": text("idp/a") };
    expect(inspect(files)).to.deep.equal({ names: ["a", "b"], findings: [] });
  });

  it("keeps the valid services when another is not valid", () => {
    const { names, findings } = inspect({ "a.yaml": text("idp/a"), "b.yaml": "image: [" });
    expect(names).to.deep.equal(["a"]);
    expect(
      findings.every((line) => line.startsWith("argocd/applications/dev/b.yaml yaml ")),
    ).to.equal(true);
  });

  const cases: [title: string, files: Record<string, string | undefined>, expected: string[]][] = [
    [
      "the same service under another ending",
      { "a.yaml": text("idp/a"), "a.yml": text("idp/a") },
      [
        "argocd/applications/dev/a.yml duplicate-service found a second file for the service a; must be the only one: argocd/applications/dev/a.yaml exists | git rm argocd/applications/dev/a.yml",
      ],
    ],
    [
      "another ending alone",
      { "a.yml": text("idp/a") },
      [
        "argocd/applications/dev/a.yml stray-file found a file with another ending; must hold only files named <service>.yaml: Argo CD ignores all others | git mv argocd/applications/dev/a.yml argocd/applications/dev/a.yaml",
      ],
    ],
    [
      "a folder",
      { team: undefined },
      [
        "argocd/applications/dev/team stray-file found something that is not a regular file; must hold only files named <service>.yaml: Argo CD ignores all others | git mv it out of the folder, or git rm -r argocd/applications/dev/team",
      ],
    ],
    [
      "one host name for two services",
      {
        "a.yaml": text("idp/a", "ingress: { path: /a, host: x.example.com }\n"),
        "b.yaml": text("idp/b", "ingress: { path: /b, host: x.example.com }\n"),
        "c.yaml": text("idp/b", "ingress: { path: /b }\n"),
        "d.yaml": text("idp/b", "ingress: { path: /b }\n"),
      },
      [
        "argocd/applications/dev/b.yaml ingress-host ingress.host: found x.example.com; must belong to one service only: argocd/applications/dev/a.yaml has it | give each service its own host name",
      ],
    ],
  ];
  for (const [title, files, expected] of cases) {
    it(`reports ${title}`, () => {
      expect(inspect(files).findings).to.deep.equal(expected);
    });
  }

  it("warns where Image Updater would format a file anew, and calls the service valid", () => {
    const texts = {
      "double.yaml": text("idp/a").replace("sha-3f2a9c1", '"sha-3f2a9c1"'),
      "plain.yaml": text("idp/a"),
      "plain-in-braces.yaml": `{ port: 8080, resources: small, replicas: 1, image: { "tag": sha-3f2a9c1, repository: ${host}/idp/a } }`,
      "single.yaml": text("idp/a").replace(`${host}/idp/a`, `'${host}/idp/a'`),
      "umlaut.yaml": `{ env: { A: "é" }, image: { repository: ${host}/idp/a, tag: sha-3f2a9c1 }, port: 8080, resources: small, replicas: 1 }`,
    };
    const entries = Object.entries(texts).map(([name, text]) => ({ name, text }));
    const inEnvironment = (strategy: CatalogRules["strategy"]) =>
      catalogOf(entries, "dev", { ...rules, strategy });
    const { services, findings, warnings } = inEnvironment("newest-build");
    expect(services).to.have.length(5);
    expect(findings).to.deep.equal([]);
    const allowed =
      "should be plain text on a line of its own: Image Updater else formats the whole file anew";
    const strange = "text that is not ASCII before it on its line";
    expect(
      warnings.map(
        ({ level, file, line, column, message, fix }) =>
          `${level} ${file.slice("argocd/applications/dev/".length)}:${line}:${column} ${message} | ${fix}`,
      ),
    ).to.deep.equal([
      `warning double.yaml:3:8 image.tag: found "sha-3f2a9c1"; ${allowed} | write tag: sha-3f2a9c1 on a line of its own`,
      `warning single.yaml:2:15 image.repository: found '${host}/idp/a'; ${allowed} | write repository: ${host}/idp/a on a line of its own`,
      `warning umlaut.yaml:1:41 image.repository: found ${strange}; ${allowed} | write repository: ${host}/idp/a on a line of its own`,
      `warning umlaut.yaml:1:98 image.tag: found ${strange}; ${allowed} | write tag: sha-3f2a9c1 on a line of its own`,
    ]);
    expect(inEnvironment("pinned").warnings).to.deep.equal([]);
  });

  it("reports names that differ only in case, because one file would hide the other on some disks", () => {
    const { findings } = inspect({ "api.yaml": text("idp/a"), "Api.yaml": text("idp/a") });
    expect(findings.map((line) => line.split(" ", 2).join(" "))).to.deep.equal([
      "argocd/applications/dev/Api.yaml file-name",
      "argocd/applications/dev/api.yaml duplicate-service",
    ]);
  });
});

describe("readCatalog", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "idp-catalog-"));
    await mkdir(join(root, "argocd/applications/dev"), { recursive: true });
  });
  afterEach(() => rm(root, { recursive: true }));
  const put = (name: string, content: string) =>
    writeFile(join(root, "argocd/applications/dev", name), content);

  it("returns the services, and each image once", async () => {
    await put("web.yaml", text("idp/shop"));
    await put("api.yaml", text("idp/shop"));
    await put("bot.yaml", text("idp/bot"));
    const catalog = await readCatalog(root, "dev", rules);
    expect(catalog.services.map(({ name }) => name)).to.deep.equal(["api", "bot", "web"]);
    expect(imageNames(catalog)).to.deep.equal(["idp/bot", "idp/shop"]);
  });

  it("throws one error with every finding, its place and its fix", async () => {
    await put("api.yaml", text("idp/api").replace("sha-3f2a9c1", "latest"));
    await put("web.yaml", text("idp/web", "sync: automated\n"));
    const error: unknown = await readCatalog(root, "dev", rules).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(CatalogError);
    expect(String(error)).to.equal(
      `CatalogError: argocd/applications/dev is not valid:
argocd/applications/dev/api.yaml:3:8 error wrong-value: image.tag: found latest; must be sha-<7 hex digits> here: this environment runs builds
    Fix: write for example tag: sha-3f2a9c1
argocd/applications/dev/web.yaml:7:1 error unknown-key: sync: found an unknown key; may be image, port, resources, replicas, health, ingress, env, hold
    Fix: delete it`,
    );
  });

  it("does not follow a link out of the folder", async () => {
    await writeFile(join(root, "elsewhere.yaml"), text("idp/a"));
    await symlink(join(root, "elsewhere.yaml"), join(root, "argocd/applications/dev/a.yaml"));
    const { findings } = await inspectCatalog(root, "dev", rules);
    expect(findings.map(({ rule, file }) => `${rule} ${file}`)).to.deep.equal([
      "stray-file argocd/applications/dev/a.yaml",
    ]);
  });

  it("reports a missing folder", async () => {
    const { findings } = await inspectCatalog(root, "prod", rules);
    expect(findings.map(({ message, fix }) => `${message} | ${fix}`)).to.deep.equal([
      "found no folder; must exist, with a file for each service of the environment | mkdir -p argocd/applications/prod && touch argocd/applications/prod/.gitkeep",
    ]);
  });
});

describe("the committed service files", () => {
  const strategy = { dev: "newest-build", staging: "semver", prod: "pinned" } as const;
  const stackFiles = readStackFiles(repositoryRoot);
  for (const environment of ["dev", "staging", "prod"] as const) {
    it(`are valid in ${environment}`, async () => {
      const catalog = await readCatalog(repositoryRoot, environment, {
        registryHost: committedRegistryHost(stackFiles, environment),
        strategy: strategy[environment],
      });
      expect(
        catalog.services.map(({ name, port, image }) => [name, port, image.name]),
      ).to.deep.equal([
        ["time-service", 1599, "idp/localtime"],
        ["version-service", 8080, "idp/version"],
      ]);
    });
  }
});
