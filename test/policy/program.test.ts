import { mainBranch } from "../../config/main-branch.ts";
import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseStackFile, type StackFile } from "../../config/stack-files.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { recordedStacks, recorder, type Registration } from "../../policy/program/registrations.ts";
import { platformOf } from "../../policy/platform.ts";
import { engineConfig, runnableSettings } from "../../policy/program/runnable.ts";
import { sourcesOf } from "../../policy/program/sources.ts";
import { rules } from "../../policy/rules/index.ts";
import { goldenStackFiles } from "../support/golden.ts";

const stackFile = (environment: "dev" | "staging" | "prod") =>
  parseStackFile(environment, goldenStackFiles.get(`Pulumi.${environment}.yaml`) ?? "");
const unread = () => Promise.reject(new Error("no network"));

/** The rules that a stack's resources break, each with its path. */
function brokenBy({ environment, settings }: StackFile, resources: readonly Registration[]) {
  const context = { environment, ...platformOf(engineConfig(settings)) };
  return resources.flatMap((resource) =>
    rules.flatMap(({ name, resource: check }) =>
      (check?.(resource, context) ?? []).map(({ path }) => `${name} ${path}`),
    ),
  );
}

describe("the program's registrations", function () {
  this.timeout(120_000);

  it("are recorded for stacks that run, with their options and parents", async () => {
    const prod = stackFile("prod");
    const broken = { ...stackFile("dev"), settings: { ...stackFile("dev").settings, network: {} } };
    const [good, bad] = await recordedStacks(repositoryRoot, [prod, broken], unread, recorder);
    const resources = good && "resources" in good.answer ? good.answer.resources : [];
    const named = (wanted: string) =>
      resources.find(({ type, name }) => `${type} ${name}` === wanted);
    expect(named("eks:index:Cluster idp-cluster")?.protect).to.equal(true);
    expect(named("aws:ecr/repository:Repository idp/localtime")?.protect).to.equal(false);
    expect(named("aws:ecr/repository:Repository idp/localtime")?.props).to.include({
      imageTagMutability: "IMMUTABLE",
    });
    const sourceOf = sourcesOf(repositoryRoot, resources);
    const source = (wanted: string) => {
      const resource = named(wanted);
      return resource && sourceOf(resource);
    };
    expect(source("aws:ecr/repository:Repository idp/localtime")).to.equal(
      "components/registry.ts",
    );
    // Behind a group of objects, which is no component of ours.
    expect(source("kubernetes:core/v1:ConfigMap argocd/argocd-cm")).to.equal(
      "components/argocd-install.ts",
    );
    expect(source("pulumi:providers:aws account")).to.equal("index.ts");
    const { error } = bad && "error" in bad.answer ? bad.answer : { error: "" };
    expect(error).to.include("Pulumi.dev.yaml is not valid:");
    expect(error).to.include("idp:network.cidr");
  });

  it("trust GitHub's ids where the settings have them, and keep every rule", async () => {
    const github = {
      repository: "example@12/idp@34",
      publishers: [{ repository: "example@12/time-service@56", image: "idp/localtime" }],
    };
    const prod = stackFile("prod");
    const withIds = { ...prod, settings: { ...prod.settings, github } };
    const [recorded] = await recordedStacks(repositoryRoot, [withIds], unread, recorder);
    const resources = recorded && "resources" in recorded.answer ? recorded.answer.resources : [];
    const roles = resources.filter(
      ({ type, name }) => type === "aws:iam/role:Role" && name.startsWith("idp-github-"),
    );
    expect(
      roles.map(({ props }) => /:sub":"(.*?)"/.exec(String(props["assumeRolePolicy"]))?.[1]),
    ).to.deep.equal([
      `repo:example@12/idp@34:ref:refs/heads/${mainBranch}`,
      "repo:example@12/idp@34:pull_request",
      `repo:example@12/idp@34:ref:refs/heads/${mainBranch}`,
      // To provision, and to sync.
      "repo:example@12/idp@34:environment:prod",
      "repo:example@12/idp@34:environment:prod",
      "repo:example@12/time-service@56:environment:prod",
    ]);
    expect(brokenBy(withIds, resources)).to.deep.equal([]);
  });

  it("have no key of the app that writes: with one, Image Updater's method alone is another", async () => {
    const dev = stackFile("dev");
    const images = { ...Object(dev.settings["images"]), writer: undefined } as object;
    const writer = { appId: "123456", installationId: "7890" };
    const stacks = [images, { ...images, writer }].map((images) => ({
      ...dev,
      settings: { ...dev.settings, images },
    }));
    const recorded = await recordedStacks(repositoryRoot, stacks, unread, recorder);
    const [without = [], withWriter = []] = recorded.map(({ answer }) =>
      "resources" in answer ? answer.resources : [],
    );
    const text = (resources: readonly Registration[]) =>
      resources.map((resource) => JSON.stringify(resource)).sort();
    const isNew = text(withWriter).filter((resource) => !text(without).includes(resource));
    expect(withWriter).to.have.length(without.length);
    expect(isNew.map((resource) => (JSON.parse(resource) as Registration).name)).to.deep.equal([
      "services",
      "services-image-updates",
    ]);
    const updates = isNew.find((resource) => resource.includes("services-image-updates")) ?? "";
    expect([...new Set(updates.match(/"method":"[^"]*"/g))]).to.deep.equal([
      '"method":"git:secret:argocd/github-writer"',
    ]);
    expect(withWriter.filter(({ type }) => type === "kubernetes:core/v1:Secret")).to.deep.equal([]);
    expect(brokenBy(dev, withWriter)).to.deep.equal(brokenBy(dev, without));
  });

  it("say for every stack why the process ended", async () => {
    const answers = await recorder({
      program: join(repositoryRoot, "no-such-program.ts"),
      runs: [{ stack: "prod", config: {} }],
    });
    expect(answers).to.have.length(1);
    const [answer] = answers;
    expect(answer && "error" in answer ? answer.error : "").to.include("no-such-program.ts");
  });
});

describe("runnableSettings", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "idp-runnable-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const written = (url: unknown) => readFileSync(fileURLToPath(String(url)), "utf8");

  it("leave out secrets and put in an account where none is decided yet", async () => {
    const aws = { accountId: "000000000000", region: "us-west-2" };
    const settings = { aws, githubApp: { secure: "v1:abc" }, domain: "example.com" };
    expect(
      await runnableSettings({ ...stackFile("prod"), settings }, unread, folder),
    ).to.deep.equal({ aws: { ...aws, accountId: "123456789012" }, domain: "example.com" });
  });

  it("keep a decided account", async () => {
    const { settings } = stackFile("prod");
    expect((await runnableSettings(stackFile("prod"), unread, folder))["aws"]).to.deep.equal(
      settings["aws"],
    );
  });

  it("pin a release's objects in a file, without definitions of kinds", async () => {
    const object = (kind: string) => ({ apiVersion: "v1", kind, metadata: { name: "a" } });
    const read = () => Promise.resolve([object("CustomResourceDefinition"), object("Service")]);
    const { argoCd, images } = await runnableSettings(stackFile("dev"), read, folder);
    expect(argoCd).to.include({ version: "3.6.1" });
    const { manifestUrl } = Object(argoCd) as { manifestUrl?: string };
    expect(written(manifestUrl)).to.equal(JSON.stringify(object("Service")));
    expect(images).to.have.nested.property("imageUpdater.manifestUrl", manifestUrl);
  });

  it("stand in for a release that is not to be had", async () => {
    const { argoCd } = await runnableSettings(stackFile("prod"), unread, folder);
    const { manifestUrl } = Object(argoCd) as { manifestUrl?: string };
    expect(
      written(manifestUrl)
        .split("\n---\n")
        .map((text) => (JSON.parse(text) as { metadata: { name: string } }).metadata.name),
    ).to.deep.equal(["argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm"]);
  });
});
