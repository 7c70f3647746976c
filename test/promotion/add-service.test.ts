import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { checkServiceFiles } from "../../cli/check.ts";
import { addService } from "../../promotion/add-service.ts";
import { removeService } from "../../promotion/remove-service.ts";
import { firstTag } from "../../catalog/new-service.ts";
import { environments, type Environment } from "../../config/environments.ts";
import { ociImage } from "../../twin/images/oci-image.ts";
import { pushImage } from "../../twin/images/registry.ts";
import { serviceFileOf } from "../../promotion/services.ts";
import { failure, Platform } from "../support/platform.ts";

const payments = {
  name: "payments",
  image: "idp/payments",
  port: 9000,
  resources: "small",
} as const;

describe("idp service new", () => {
  let platform: Platform;
  let root: string;
  beforeEach(async () => {
    platform = await Platform.start();
    root = platform.clone;
  });
  afterEach(() => {
    platform.stop();
  });

  const text = (environment: Environment, service = "payments") =>
    readFileSync(join(root, serviceFileOf(environment, service)), "utf8");
  const add = (more: Partial<Parameters<typeof addService>[1]> = {}) =>
    addService(root, { ...payments, ...more }, platform.workspace.registryOf);
  const push = (environment: Environment, tag: string, day: number) =>
    pushImage(
      platform.registries[environment].as(environment),
      "idp/payments",
      tag,
      ociImage({
        title: "idp/payments",
        revision: `${day}`,
        version: "",
        created: new Date(Date.UTC(2026, 0, day)),
      }),
    );

  it("refuses a publisher that is not one repository", async () => {
    for (const publisher of [
      "acme",
      "acme/*",
      "acme@12/payments",
      "https://github.com/acme/payments",
    ]) {
      expect(await failure(add({ publisher }))).to.include(
        `--publisher ${publisher}: must be <owner>/<repository> or`,
      );
      expect(existsSync(join(root, serviceFileOf("dev", "payments")))).to.equal(false);
    }
  });

  it("writes a file for each environment, with the tag that means no image yet", async () => {
    const { files } = await add();
    expect(files.map(({ path, tag }) => `${path} ${tag}`)).to.deep.equal([
      "argocd/applications/dev/payments.yaml sha-0000000",
      "argocd/applications/staging/payments.yaml v0.0.0",
      "argocd/applications/prod/payments.yaml v0.0.0",
    ]);
    expect(text("staging")).to.equal(
      `# What payments runs with in staging. Every key: docs/services.md
image:
  repository: 222222222222.dkr.ecr.us-west-2.amazonaws.com/idp/payments
  tag: v0.0.0
port: 9000
resources: small
replicas: 2
`,
    );
    expect(await checkServiceFiles(root)).to.deep.equal([]);
    expect(files.map(({ missing }) => missing)).to.deep.equal(
      environments.map((environment) => `${environment}'s registry has no image for it`),
    );
  });

  it("starts with the newest build and the highest release that staging has", async () => {
    await push("dev", "sha-00000aa", 3);
    await push("dev", "sha-00000bb", 2);
    await push("staging", "v1.9.0", 1);
    await push("staging", "v1.10.0", 2);
    await push("prod", "v1.10.0", 2);
    await push("prod", "v1.11.0", 3);
    const { files } = await add();
    expect(files.map(({ tag }) => tag)).to.deep.equal(["sha-00000aa", "v1.10.0", "v1.10.0"]);
    expect(files.every(({ missing }) => missing === undefined)).to.equal(true);
  });

  it("uses the given build", async () => {
    await push("dev", "sha-00000aa", 3);
    expect((await add({ tag: "sha-1234567" })).files[0]?.tag).to.equal("sha-1234567");
  });

  it("works without a registry, and says which one did not answer", async () => {
    const down = () => Promise.reject(new Error("No access\nFix: log in"));
    const { files } = await addService(root, payments, down);
    expect(files.map(({ tag, missing }) => `${tag}: ${missing ?? ""}`)).to.deep.equal([
      "sha-0000000: dev's registry does not answer: No access",
      "v0.0.0: staging's registry does not answer: No access",
      "v0.0.0: prod's registry does not answer: No access",
    ]);
  });

  it("adds missing files, and leaves existing ones", async () => {
    await add();
    const mine = `${text("dev")}env:\n  LEVEL: info\n`;
    writeFileSync(join(root, serviceFileOf("dev", "payments")), mine);
    expect((await add({ port: 9001 })).files).to.deep.equal([]);
    expect(text("dev")).to.equal(mine);
  });

  it("adds the publisher of the image once", async () => {
    for (const environment of environments) {
      const file = join(root, `Pulumi.${environment}.yaml`);
      const github = "  idp:github:\n    repository: acme/idp\n    publishers: []\n";
      writeFileSync(file, readFileSync(file, "utf8") + github);
    }
    const { stackFiles, next } = await add({ publisher: "acme@12/payments@78" });
    expect(stackFiles).to.deep.equal([
      "Pulumi.dev.yaml",
      "Pulumi.staging.yaml",
      "Pulumi.prod.yaml",
    ]);
    expect(next.join("\n")).not.to.include("Nobody may push");
    expect(
      parse(readFileSync(join(root, "Pulumi.prod.yaml"), "utf8")),
    ).to.have.deep.nested.property("config.idp:github.publishers", [
      { repository: "acme@12/payments@78", image: "idp/payments" },
    ]);
    expect((await add({ publisher: "acme@12/payments@78" })).stackFiles).to.deep.equal([]);
  });

  it("lists the next steps, including that nobody may push yet", async () => {
    expect((await add()).next[1]).to.equal(
      "Nobody may push idp/payments yet: npx idp service new again with --publisher <owner>/<repository>",
    );
  });

  for (const [what, wrong, said] of [
    ["a name that is no namespace's", { name: "Payments" }, "must be a namespace's name"],
    ["a name of the platform's", { name: "argocd" }, "must not be one of the platform's"],
    ["a port below 1024", { port: 80 }, "found 80; must be the port the container listens on"],
    ["an image with a host", { image: "x.example/IDP" }, "must be an image repository in this"],
    ["a tag of a release for dev", { tag: "v1.0.0" }, "must be sha-<7 hex digits> here"],
    ["a tag that is none", { tag: "latest" }, "--tag latest: must be sha-<7 hex digits>"],
  ] as const) {
    it(`refuses ${what}, and writes nothing`, async () => {
      const before = await platform.state();
      expect(await failure(add(wrong))).to.include(said);
      expect(await platform.state()).to.deep.equal(before);
    });
  }

  it("leaves nothing written that reads as something else than it wrote", async () => {
    // The folder is one where names differ in more than case.
    platform.edit({ [serviceFileOf("staging", "Payments")]: text("staging", "clock") });
    const before = await platform.state();
    expect(await failure(add())).to.match(
      /argocd\/applications\/staging\/payments\.yaml:1:1 error duplicate-service: [^]*\nNothing was changed\. Fix: /,
    );
    expect(await platform.state()).to.deep.equal(before);
  });

  it("leaves nothing written where the publisher cannot be added as it is meant", async () => {
    const github = "  idp:github:\n    repository: acme/idp\n    publishers: [acme/clock]\n";
    for (const environment of environments) {
      const file = `Pulumi.${environment}.yaml`;
      const was = readFileSync(join(root, file), "utf8");
      platform.edit({
        [file]: environment === "prod" ? `${was}  idp:github: text\n` : was + github,
      });
    }
    const before = [await platform.state(), readFileSync(join(root, "Pulumi.dev.yaml"), "utf8")];
    expect(await failure(add({ publisher: "acme/payments" }))).to.include("Nothing was changed.");
    expect([
      await platform.state(),
      readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"),
    ]).to.deep.equal(before);
  });

  it("has placeholder tags that no build or release can have", () => {
    expect(firstTag).to.deep.equal({
      "newest-build": "sha-0000000",
      semver: "v0.0.0",
      pinned: "v0.0.0",
    });
  });
});

describe("idp service remove", () => {
  let platform: Platform;
  beforeEach(async () => {
    platform = await Platform.start();
  });
  afterEach(() => {
    platform.stop();
  });
  const commitAll = () => platform.inClone("commit", "--quiet", "--all", "-m", "Step");
  const has = () =>
    environments.filter((environment) =>
      existsSync(join(platform.clone, serviceFileOf(environment, "clock"))),
    );

  it("goes from prod to dev, one commit at a time", async () => {
    expect((await removeService(platform.clone, "clock")).environment).to.equal("prod");
    expect(has()).to.deep.equal(["dev", "staging"]);
    expect(await failure(removeService(platform.clone, "clock"))).to.include(
      "Not committed yet:\n D argocd/applications/prod/clock.yaml\nNothing was changed.",
    );
    expect(has()).to.deep.equal(["dev", "staging"]);
    await commitAll();
    expect((await removeService(platform.clone, "clock")).environment).to.equal("staging");
    await commitAll();
    const last = await removeService(platform.clone, "clock");
    expect(last.next.at(-1)).to.equal("Nothing of clock is left in this repository");
    await commitAll();
    expect(has()).to.deep.equal([]);
    expect(await failure(removeService(platform.clone, "clock"))).to.include(
      "No environment has a file of clock.",
    );
  });

  it("says that prod keeps running, and what comes next", async () => {
    const { next } = await removeService(platform.clone, "clock");
    expect(next[1]).to.equal(
      "In prod it goes on running: kubectl -n argocd delete application clock, in prod's cluster",
    );
    expect(next.at(-1)).to.equal("npx idp service remove clock, for staging, then dev");
  });

  it("removes the last publisher, too", async () => {
    const file = "Pulumi.prod.yaml";
    const github =
      "  idp:github:\n    repository: acme/idp\n    publishers:\n      - { repository: acme/clock, image: idp/clock }\n";
    platform.edit({ [file]: readFileSync(join(platform.clone, file), "utf8") + github });
    await commitAll();
    expect((await removeService(platform.clone, "clock")).publisherRemoved).to.equal(true);
    expect(parse(readFileSync(join(platform.clone, file), "utf8"))).to.have.deep.nested.property(
      "config.idp:github.publishers",
      [],
    );
  });

  it("brings the file back where the publisher cannot be removed", async () => {
    const file = "Pulumi.prod.yaml";
    const stack = readFileSync(join(platform.clone, file), "utf8");
    for (const [publishers, said] of [
      ["[{ repository: acme/clock, image: idp/clock }]", "mean something else"],
      ["\n      - repository: acme/clock", "✖ Invalid input: expected string"],
    ] as const) {
      platform.edit({
        [file]: `${stack}  idp:github:\n    repository: acme/idp\n    publishers: ${publishers}\n`,
      });
      await commitAll();
      const before = await platform.state();
      const refused = await failure(removeService(platform.clone, "clock"));
      expect(refused).to.include(said);
      expect(refused).to.include("\nNothing was changed. Fix: ");
      expect(await platform.state()).to.deep.equal(before);
      expect(has()).to.deep.equal(["dev", "staging", "prod"]);
    }
  });

  it("removes the image's publisher, unless another service uses the image", async () => {
    const file = "Pulumi.prod.yaml";
    const before = readFileSync(join(platform.clone, file), "utf8");
    const publishers =
      "    publishers:\n      - repository: acme/clock\n        image: idp/clock\n      - repository: acme/other\n        image: idp/other\n";
    const github = `${before}  idp:github:\n    repository: acme/idp\n`;
    const twin = readFileSync(join(platform.clone, serviceFileOf("prod", "clock")), "utf8");
    platform.edit({ [file]: github + publishers, [serviceFileOf("prod", "clock-two")]: twin });
    await platform.inClone("add", "--all");
    await commitAll();
    expect((await removeService(platform.clone, "clock")).publisherRemoved).to.equal(false);
    await commitAll();
    expect((await removeService(platform.clone, "clock-two")).publisherRemoved).to.equal(true);
    expect(readFileSync(join(platform.clone, file), "utf8")).to.equal(
      `${github}    publishers:\n      - repository: acme/other\n        image: idp/other\n`,
    );
  });
});
