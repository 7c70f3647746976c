import { expect } from "chai";
import { execa } from "execa";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { changeServiceFile } from "../../../catalog/change-service-file.ts";
import { filesBefore } from "../../../cli/base.ts";
import { promoteTools } from "../../../cli/promote.ts";
import { imageUpdates } from "../../../components/gitops.ts";
import { environments, type Environment } from "../../../config/environments.ts";
import { syncApplication } from "../../../twin/cluster/applications.ts";
import { nextMinor } from "../../../twin/demo.ts";
import { namedServices } from "../../../twin/images/images.ts";
import { inTwinWorkspace } from "../../../twin/git/workspace.ts";
import { ociImage } from "../../../twin/images/oci-image.ts";
import { listProcesses, logFile, stopProcess } from "../../../twin/process/processes.ts";
import { ensureRegistry, pushImage } from "../../../twin/images/registry.ts";
import { binaryPath } from "../../../twin/toolchain/locate.ts";
import {
  repositoryUrl,
  requireTwin,
  twinAccounts,
  twinPaths,
  twinRegistry,
} from "../../../twin/state/twin.ts";
import { hold } from "../../../promotion/hold.ts";
import { digestOfTag, tagsOf } from "../../../promotion/registry.ts";
import { argoCdHasLooked } from "../support/argocd.ts";
import { commit, eventually, fileOf, idp, kubectl, statusOf, succeeded } from "../support/twin.ts";

const service = "time-service";
const image = "idp/localtime";

const inTwin = async (...args: string[]) =>
  (await execa("git", args, { cwd: twinPaths().repository })).stdout;
const head = () => inTwin("rev-parse", "main");

const Build = z.object({ tag: z.string(), digest: z.string() });
const Promoted = z.object({
  branch: z.string(),
  text: z.string(),
  evidence: z.object({
    digest: z.string(),
    build: z.string(),
    staging: z.object({
      argoCd: z.object({ sync: z.string(), health: z.string(), tags: z.array(z.string()) }),
    }),
    findings: z.array(z.unknown()),
  }),
});

/** What `idp ... --json` printed. */
async function json<T>(schema: z.ZodType<T>, ...args: string[]): Promise<T> {
  return schema.parse(JSON.parse(succeeded(await idp(...args, "--json")).stdout));
}

/** A commit of the service's source, built and pushed as its workflow does. */
async function build() {
  await commit(`Change ${service} at ${new Date().toISOString()}`, async ({ read }) => {
    const file = `examples/${service}/README.md`;
    return { [file]: `${await read(file)}\nChanged ${new Date().toISOString()}\n` };
  });
  const hash = await head();
  return { hash, ...(await json(Build, "twin", "push", service, "--commit", hash)) };
}

/** Waits until a service runs a tag, and git says so too. */
const running = (environment: Environment, tag: string, name = service) =>
  eventually(
    `${name} ${tag} runs in ${environment}`,
    () => statusOf(environment, name),
    (status) => status?.tag === tag && status.sync === "Synced" && status.health === "Healthy",
    180_000,
  );

/** The commits of a range that touch a file: subject, body, and what they change. */
async function commitsOf(range: string, file: string) {
  const hashes = (await inTwin("log", "--format=%H", range, "--", file))
    .split("\n")
    .filter(Boolean);
  return Promise.all(
    hashes.map(async (hash) => ({
      message: await inTwin("log", "-1", "--format=%B", hash),
      changes: await inTwin("show", "--numstat", "--format=", hash),
    })),
  );
}

/** Images of a service's Deployment, as the API server has them. */
const imagesOf = (environment: Environment, name = service) =>
  kubectl(
    environment,
    ...["get", "deployment", name, "-n", name],
    ...["-o", "jsonpath={.spec.template.spec.containers[*].image}"],
  );

/** Staging is rolled back while a promotion waits: every command says so. */
async function groundGoes(version: string, branch: string): Promise<void> {
  const url = repositoryUrl(requireTwin());
  const back = await idp("rollback", service, "staging", "--reason", "a test");
  expect(succeeded(back).stdout).to.include(
    `Open: ${branch} would still bring ${version} to prod. To close it: git push ${url} --delete ${branch}`,
  );
  const again = await idp("promote", service, version);
  expect(again.exitCode).to.equal(1);
  expect(again.stderr).to.match(/^staging holds v\S+: a test$/m);
  const clone = mkdtempSync(join(tmpdir(), "idp-e2e-ground-"));
  try {
    await execa("git", ["clone", "--quiet", "--branch", branch, url, clone]);
    const { check } = await promoteTools();
    const found = await check(clone, filesBefore(clone, "origin/main"));
    expect(found.filter(({ rule }) => rule === "staging-stands-for-prod")).to.have.length(1);
  } finally {
    rmSync(clone, { recursive: true });
  }
}

describe("a commit on its way to prod", () => {
  // The demo of make up was the first time.
  it("takes one digest and one line of each file, the second time, too", async function () {
    this.timeout(600_000);
    const twin = requireTwin();
    const version = nextMinor(await tagsOf(twinRegistry(twin, "staging"), image));
    const old = (await statusOf("prod", service))?.tag ?? "";
    const { hash, tag, digest } = await build();
    const begin = await head();

    await running("dev", tag);
    const toDev = await commitsOf(`${begin}..main`, fileOf("dev", service));
    expect(toDev.map(({ changes }) => changes)).to.deep.equal([`1\t1\t${fileOf("dev", service)}`]);
    expect(toDev[0]?.message).to.match(
      new RegExp(`^Deploy ${service} ${tag}\\n\\n\\S*${image}: \\S+ -> ${tag}\\n`),
    );

    succeeded(await idp("release", service, version, "--commit", hash));
    await running("staging", version);
    const toStaging = await commitsOf(`${begin}..main`, fileOf("staging", service));
    expect(toStaging.map(({ changes }) => changes)).to.deep.equal([
      `1\t1\t${fileOf("staging", service)}`,
    ]);
    expect(toStaging[0]?.message).to.include(`-> ${version}`);

    const prodAsItWas = async () => {
      expect(await imagesOf("prod")).to.match(new RegExp(`${image}:${old}$`));
      expect((await statusOf("prod", service))?.tag).to.equal(old);
    };
    await prodAsItWas();
    const { branch, evidence, text } = await json(
      Promoted,
      "promote",
      service,
      version,
      "--cluster",
    );
    expect(evidence).to.deep.equal({
      digest,
      build: tag,
      staging: { argoCd: { sync: "Synced", health: "Healthy", tags: [version] } },
      findings: [],
    });
    expect(text).to.match(new RegExp(`^-\\s+image: \\S+${image}:${old}"?$`, "m"));
    expect(text).to.match(new RegExp(`^\\+\\s+image: \\S+${image}:${version}"?$`, "m"));
    expect(await inTwin("diff", "--numstat", `main...${branch}`)).to.equal(
      `1\t1\t${fileOf("prod", service)}`,
    );
    await prodAsItWas();

    await groundGoes(version, branch);
    succeeded(await idp("twin", "merge", branch));
    expect((await idp("status", service)).stdout).to.match(
      new RegExp(`^ahead: ${service} in prod has ${version}, staging holds v\\S+: a test$`, "m"),
    );
    succeeded(await idp("unhold", service, "staging"));
    await eventually(
      "prod is OutOfSync",
      () => statusOf("prod", service),
      (status) => status?.sync === "OutOfSync",
    );
    await argoCdHasLooked();
    await prodAsItWas();
    await syncApplication("prod", service);
    await running("prod", version);
    await running("staging", version);
    expect(await imagesOf("prod")).to.match(new RegExp(`${image}:${version}$`));

    for (const [environment, name] of [
      ["dev", tag],
      ["staging", version],
      ["prod", version],
    ] as const) {
      expect(await digestOfTag(twinRegistry(twin, environment), image, name)).to.equal(digest);
    }
  });
});

/** How often Image Updater of an environment has said something. */
async function saidBy(environment: Environment, words: string): Promise<number> {
  const { accountId } = twinAccounts[environment];
  const process = listProcesses().find(
    ({ name }) => name.startsWith(`${accountId}.`) && name.includes("image-updater"),
  );
  if (process === undefined) throw new Error(`${environment} has no Image Updater`);
  const { stdout } = await execa("grep", ["-c", words, logFile(process.name)], { reject: false });
  return Number(stdout);
}

/** How many times Image Updater of an environment has looked at its registry. */
const cyclesOf = (environment: Environment) => saidBy(environment, "Processing results");

describe("a rollback", () => {
  it("stays over three cycles of Image Updater with newer images, until it is lifted", async function () {
    this.timeout(600_000);
    const newer = await build();
    await running("dev", newer.tag);
    const { tag: back } = await json(
      z.object({ tag: z.string(), hold: z.literal("a test") }),
      ...["rollback", service, "dev", "--reason", "a test"],
    );
    expect(back).not.to.equal(newer.tag);
    const newest = await build();
    await running("dev", back);
    const held = `\nhold:\n  tag: ${back}\n  reason: "a test"`;
    const file = () => inTwin("show", `main:${fileOf("dev", service)}`);
    expect(await file()).to.include(held);

    const before = await cyclesOf("dev");
    await eventually(
      "three cycles",
      () => cyclesOf("dev"),
      (cycles) => cycles >= before + 3,
    );
    expect(await file()).to.include(held);
    await running("dev", back);

    succeeded(await idp("unhold", service, "dev"));
    await running("dev", newest.tag);
    expect(await file()).to.not.match(/^hold:/m);
  });
});

/** A service file in ten styles, and as `idp service new` writes it. */
const styles: Readonly<Record<string, (image: string) => string>> = {
  plain: (image) => block(image),
  braces: (image) =>
    `{ image: { repository: ${image}, tag: sha-0000001 }, port: 8080, resources: small, replicas: 1 }\n`,
  "braces-on-lines": (image) =>
    `{\n  image: { repository: ${image}, tag: sha-0000001 },\n  port: 8080, # why\n  resources: small,\n  replicas: 1,\n}\n`,
  json: (image) =>
    `${JSON.stringify({ image: { repository: image, tag: "sha-0000001" }, port: 8080, resources: "small", replicas: 1 })}\n`,
  indented: (image) => block(image).replace(/^(?!$)/gm, "  "),
  ended: (image) => `${block(image)}...\n`,
  "with-a-comment-behind-its-end": (image) => `${block(image)}...\n# no more\n`,
  marked: (image) => `# what it is\n---\n${block(image)}`,
  "with-crlf": (image) => block(image).replaceAll("\n", "\r\n"),
  "with-quoted-keys": (image) => block(image).replace(/(\w+):(?= |$)/gm, '"$1":'),
  "without-a-break": (image) => `\uFEFF${block(image).trimEnd()}`,
};
const block = (image: string) =>
  `image:\n  repository: ${image}\n  tag: sha-0000001\n\nport: 8080\nresources: small\nreplicas: 1\n`;

describe("images of eleven services at once, whose files are in every style", () => {
  const names = Object.keys(styles);
  const [kept = "", ...others] = names;
  const { accountId, region } = twinAccounts.dev;
  const host = `${accountId}.dkr.ecr.${region}.amazonaws.com`;
  const tagOf = (build: number) => `sha-${build.toString(16).padStart(7, "0")}`;
  const push = (build: number) =>
    Promise.all(
      names.map((name) => {
        const tag = tagOf(build);
        const facts = { title: `idp/${name}`, revision: tag, version: tag, created: new Date() };
        return pushImage(twinRegistry(requireTwin(), "dev"), `idp/${name}`, tag, ociImage(facts));
      }),
    );
  /** The image updates of these services, as the program makes them (with `pulumi up` for a new image name). */
  const updates = async (services: readonly { name: string; image: string }[]) => {
    const gitOps = {
      environment: "dev",
      repository: { url: repositoryUrl(requireTwin()), branch: "main" },
    } as const;
    const patch = JSON.stringify({ spec: imageUpdates(gitOps, "newest-build", services).spec });
    await kubectl(
      "dev",
      ...["patch", "imageupdater", "services", "-n", "argocd", "--type", "merge", "--patch", patch],
    );
  };
  const own = async () =>
    (await namedServices())
      .filter(({ environment, name }) => environment === "dev" && !names.includes(name))
      .map(({ name, image: path }) => ({ name, image: `${host}/${path}` }));
  /** What each file says, by name. */
  const inFiles = async () =>
    Object.fromEntries(
      (await namedServices())
        .filter(({ environment, name }) => environment === "dev" && names.includes(name))
        .map(({ name, tag, hold: reason }) => [name, [tag, reason]] as const),
    );
  const looksAgain = async (times: number) => {
    const before = await cyclesOf("dev");
    await eventually(
      `Image Updater looks ${times} times`,
      () => cyclesOf("dev"),
      (cycles) => cycles >= before + times,
    );
  };
  const gone = (name: string) =>
    eventually(
      `${name} is gone`,
      () => statusOf("dev", name),
      (status) => status === undefined,
    );

  before(async function () {
    this.timeout(300_000);
    await push(1);
    await commit("Add eleven services", () =>
      Promise.resolve(
        Object.fromEntries(
          Object.entries(styles).map(([name, text]) => [
            fileOf("dev", name),
            text(`${host}/idp/${name}`),
          ]),
        ),
      ),
    );
    for (const name of names) await running("dev", tagOf(1), name);
    await updates([
      ...(await own()),
      ...names.map((name) => ({ name, image: `${host}/idp/${name}` })),
    ]);
  });

  after(async function () {
    this.timeout(300_000);
    await updates(await own());
    await commit(`Remove ${kept}`, () => Promise.resolve({ [fileOf("dev", kept)]: undefined }));
    await gone(kept);
    await kubectl("dev", "delete", "namespace", ...names, "--ignore-not-found", "--wait=false");
  });

  it("are all written, each in its line, on a linear history", async function () {
    this.timeout(600_000);
    const begin = await head();
    await push(2);
    for (const name of names) await running("dev", tagOf(2), name);
    expect(await inFiles()).to.deep.equal(
      Object.fromEntries(names.map((name) => [name, [tagOf(2), undefined]])),
    );
    expect(await inTwin("rev-list", "--merges", `${begin}..main`)).to.equal("");
    const changes = (await inTwin("log", "--numstat", "--format=", `${begin}..main`))
      .split("\n")
      .filter(Boolean)
      .sort();
    expect(changes).to.deep.equal(names.map((name) => `1\t1\t${fileOf("dev", name)}`).sort());
  });

  it("stay as they are under a hold in any style, and the one that is not held goes on", async function () {
    this.timeout(600_000);
    const reason = "a test";
    await inTwinWorkspace(requireTwin(), async (workspace) => {
      for (const name of others)
        await hold(workspace, { service: name, environment: "dev", reason });
    });
    const labels = async () =>
      (
        await kubectl(
          "dev",
          ...["get", "applications", "-n", "argocd", "-l", "idp/hold=true", "-o"],
          "jsonpath={.items[*].metadata.name}",
        )
      ).split(" ");
    await eventually("the Applications have the label", labels, (found) =>
      others.every((name) => found.includes(name)),
    );
    await push(3);
    await running("dev", tagOf(3), kept);
    await looksAgain(2);
    const asHeld = others.map((name) => [name, [tagOf(2), reason]] as const);
    expect(await inFiles()).to.deep.equal(
      Object.fromEntries([[kept, [tagOf(3), undefined]], ...asHeld]),
    );
    for (const name of others) {
      expect(await imagesOf("dev", name)).to.equal(`${host}/idp/${name}:${tagOf(2)}`);
    }
  });

  it("stay away once they are removed while builds of them arrive, and the others' go on", async function () {
    this.timeout(600_000);
    const refusal = "ignored by one of your .gitignore files";
    const refused = await saidBy("dev", refusal);
    await commit("Lift the holds", async ({ read }) => {
      const lifted = others.map(async (name) => {
        const file = fileOf("dev", name);
        return [file, changeServiceFile(file, await read(file), { hold: null })] as const;
      });
      return Object.fromEntries(await Promise.all(lifted));
    });
    const lifted = await head();
    // Build 3 has waited for each of them: their updates come one behind the other.
    await eventually("Image Updater begins", head, (now) => now !== lifted);
    await eventually(
      "the removal is pushed between two of its commits",
      () =>
        commit("Remove ten services", () =>
          Promise.resolve(
            Object.fromEntries(others.map((name) => [fileOf("dev", name), undefined])),
          ),
        ).then(() => true),
      Boolean,
    );
    const removed = await head();
    await push(4);
    await running("dev", tagOf(4), kept);
    for (const name of others) await gone(name);
    await looksAgain(1);
    expect(await inFiles()).to.deep.equal({ [kept]: [tagOf(4), undefined] });
    expect(
      await inTwin("log", "--diff-filter=A", "--format=", "--name-only", `${removed}..main`),
    ).to.equal("");
    const lines = (await saidBy("dev", refusal)) - refused;
    console.log(`      ${lines} lines of Image Updater's log say that git refused a file`);
  });
});

describe("a release that cannot be", () => {
  const registries = async (but?: Environment) =>
    Promise.all(
      environments
        .filter((environment) => environment !== but)
        .map(async (environment) => {
          const registry = twinRegistry(requireTwin(), environment);
          const tags = (await tagsOf(registry, image)).sort();
          return Promise.all(
            tags.map(async (tag) => [tag, await digestOfTag(registry, image, tag)]),
          );
        }),
    );
  const state = async (but?: Environment) => ({
    git: await inTwin("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"),
    registries: await registries(but),
  });

  const refused = async (words: readonly string[], args: readonly string[], but?: Environment) => {
    const before = await state(but);
    const { exitCode, stderr } = await idp(...args);
    expect(exitCode).to.equal(1);
    for (const word of words) expect(stderr).to.include(word);
    expect(await state(but)).to.deep.equal(before);
  };

  for (const [what, args, ...words] of [
    [
      "a commit without a build",
      ["release", service, "v9.0.0", "--commit", "fffffff"],
      `has no ${image}:sha-fffffff`,
    ],
    [
      "an existing version with another digest",
      ["release", service, "v1.0.0"],
      `${image}:v1.0.0 is in`,
      "a released version never changes",
    ],
    [
      "a service that does not exist",
      ["release", "tim-service", "v9.0.0"],
      'dev has no service "tim-service"; did you mean time-service?',
    ],
    ["a promotion of what was not released", ["promote", service, "v9.0.0"], "idp release"],
    ["a promotion backwards", ["promote", service, "v0.1.0"], "idp rollback time-service prod"],
    ["a rollback to nothing", ["rollback", service, "dev", "--to", "sha-fffffff"], "has no"],
    ["a hold of no service", ["hold", "nobody", "dev"], 'dev has no service "nobody"'],
  ] as const) {
    it(`is refused: ${what}`, () => refused(words, args));
  }

  it("is refused with wrong words, by exit code 2", async () => {
    const before = await state();
    for (const words of [
      ["release", service],
      ["release", service, "latest"],
      ["release", service, "v1.2"],
      ["hold", service, "test"],
    ]) {
      expect((await idp(...words)).exitCode, words.join(" ")).to.equal(2);
    }
    expect(await state()).to.deep.equal(before);
  });

  describe("through a clone", () => {
    let clone: string;
    const git = (...args: string[]) =>
      execa("git", ["-c", "user.name=a", "-c", "user.email=a@idp.invalid", ...args], {
        cwd: clone,
      });
    beforeEach(async () => {
      clone = mkdtempSync(join(tmpdir(), "idp-e2e-release-"));
      await git("clone", "--quiet", repositoryUrl(requireTwin()), ".");
    });
    afterEach(() => {
      rmSync(clone, { recursive: true });
    });
    const release = () => ["release", service, "v9.0.0", "--repository", clone];

    it("is refused while it has changes that are not committed", async () => {
      await execa("sh", ["-c", "echo >> README.md"], { cwd: clone });
      await refused(["has uncommitted changes: README.md", "git stash"], release());
    });

    it("is refused when it has diverged", async () => {
      await git("reset", "--quiet", "--hard", "HEAD~1");
      await git("commit", "--quiet", "--allow-empty", "-m", "Mine");
      await refused(["has diverged", "git pull --rebase"], release());
    });

    it("is refused when the git server is down", async () => {
      await git("remote", "set-url", "origin", "http://127.0.0.1:1/idp.git");
      await refused(["Could not fetch main from"], release());
    });
  });

  it("is refused while a registry is down", async () => {
    const twin = requireTwin();
    await stopProcess("registry-staging");
    try {
      await refused(
        ["The registry of staging", "does not answer"],
        ["release", service, "v9.0.0"],
        "staging",
      );
    } finally {
      await ensureRegistry(binaryPath("registry"), twin, "staging");
    }
  });
});
