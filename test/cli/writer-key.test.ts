import { expect } from "chai";
import { execa } from "execa";
import { generateKeyPairSync } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { updaterApp } from "../../cli/github.ts";
import { parseStackFile } from "../../config/stack-files.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const account = "100000000001";
const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const base64 = (text: string) => Buffer.from(text).toString("base64");
const images = (more = "") => `  idp:images:\n    strategy: semver\n${more}`;
const writer = '    writer: { appId: "123456", installationId: "7890" }\n';

describe("idp github writer-key", () => {
  let root = "";
  let bin = "";
  const stackFile = (stack: string, text: string) => {
    writeFileSync(
      join(root, `Pulumi.${stack}.yaml`),
      `config:\n  idp:aws: { accountId: "${account}", region: eu-west-1 }\n${text}`,
    );
  };
  /** A program on PATH that records its arguments, and what it is given on standard input. */
  const program = (name: string, script: string) => {
    const file = join(bin, name);
    writeFileSync(
      file,
      `#!/bin/sh\necho "${name} $*" >> '${join(root, "calls")}'\n` +
        `[ ${name} = aws ] || cat > '${join(root, "applied")}'\n${script}\n`,
    );
    chmodSync(file, 0o755);
  };
  const read = (name: string) => {
    const file = join(root, name);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  };
  const run = (words: readonly string[], input: string, path = `${bin}:/usr/bin:/bin`) =>
    execa(
      process.execPath,
      [
        ...["--input-type=module", "--eval"],
        `import { writerKeyCommand } from ${JSON.stringify(join(repositoryRoot, "cli/writer-key.ts"))};
         await writerKeyCommand(process.env.ROOT).parseAsync(process.argv.slice(1), { from: "user" })
           .catch((error) => { console.error(error.message); process.exitCode = 1; });`,
        ...["--", ...words],
      ],
      {
        ...{ input, reject: false, extendEnv: false },
        env: { ROOT: root, PATH: path, TMPDIR: root },
      },
    );

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "idp-writer-key-"));
    bin = mkdtempSync(join(tmpdir(), "idp-writer-key-bin-"));
    stackFile("dev", images(writer));
    stackFile("staging", images());
    stackFile("prod", '  idp:images: { strategy: pinned }\n  idp:repository: { branch: "main" }\n');
    program("aws", `case "$*" in "sts "*) echo ${account};; esac`);
    program("kubectl", "echo secret/github-writer serverside-applied");
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
    rmSync(bin, { recursive: true });
  });

  const kubectl =
    "--request-timeout 20s apply --server-side --force-conflicts --field-manager idp-writer-key --filename -";
  const calls = () =>
    (read("calls") ?? "")
      .replaceAll(/\S*idp-kubeconfig-\w+/g, "<scratch>")
      .split("\n")
      .filter((call) => call !== "");

  it("applies the Secret with exactly the keys that Image Updater reads, by standard input", async () => {
    const { stdout, stderr, exitCode } = await run(["dev", "--profile", "acme-dev"], privateKey);
    expect(exitCode, stderr).to.equal(0);
    expect(JSON.parse(read("applied") ?? "")).to.deep.equal({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "argocd", name: "github-writer" },
      type: "Opaque",
      data: {
        githubAppID: base64("123456"),
        githubAppInstallationID: base64("7890"),
        githubAppPrivateKey: base64(privateKey),
      },
    });
    expect(calls()).to.deep.equal([
      "aws sts get-caller-identity --query Account --output text --profile acme-dev",
      "aws eks update-kubeconfig --kubeconfig <scratch>/dev --region eu-west-1 --name idp-dev --profile acme-dev",
      `kubectl --kubeconfig <scratch>/dev ${kubectl}`,
    ]);
    const { stdout: digest } = await execa(
      "sh",
      ["-c", "openssl rsa -pubin -outform DER | openssl sha256 -binary | openssl base64"],
      { input: publicKey },
    );
    expect(stdout.split("\n")).to.deep.equal([
      "dev: Secret argocd/github-writer holds the key of app 123456, installation 7890.",
      `Its fingerprint, as the app's page on GitHub shows it: SHA256:${digest}`,
      "Image Updater takes it at its next commit. Delete the .pem file now, and on the app's page the keys that nothing uses.",
    ]);
    expect(stderr.split("\n")).to.deep.equal([
      "dev: applying Secret argocd/github-writer",
      "dev: asking AWS whose credentials these are",
    ]);
    expect(readdirSync(root).filter((name) => name.startsWith("idp-"))).to.deep.equal([]);
  });

  it("does the same again, says it as JSON, and takes a context", async () => {
    await run(["dev"], privateKey);
    const first = read("applied");
    rmSync(join(root, "calls"));
    const { stdout } = await run(["dev", "--context", "mine", "--json"], privateKey);
    expect(read("applied")).to.equal(first);
    expect(calls()).to.deep.equal([`kubectl --context mine ${kubectl}`]);
    const { fingerprint, ...made } = JSON.parse(stdout) as Record<string, string>;
    expect(made).to.deep.equal({
      stack: "dev",
      secret: "argocd/github-writer",
      appId: "123456",
      installationId: "7890",
    });
    expect(fingerprint).to.match(/^SHA256:[\w+/]{43}=$/);
  });

  for (const [what, input, found] of [
    ["nothing", "", "nothing in it"],
    ["a public key", publicKey, "a public key"],
    ["a key on one line", privateKey.replaceAll("\n", " "), "a key on one line"],
    ["the file's name", "idp-writer.pem\n", "a file's name"],
    ["the JSON of the other app", JSON.stringify({ privateKey }), undefined],
  ] as const) {
    it(`refuses ${what}, shows nothing of it, and asks nobody anything`, async () => {
      const { stdout, stderr, exitCode } = await run(["dev"], input);
      expect(exitCode).to.equal(1);
      expect(stdout).to.equal("");
      expect(stderr).to.include(
        found === undefined ? "standard input: found " : `standard input: found ${found}; `,
      );
      expect(stderr).to.include(
        "Nothing was changed. Fix: npx idp github writer-key dev < <file>.pem",
      );
      expect(stderr).not.to.include(privateKey.slice(40, 80));
      expect(calls()).to.deep.equal([]);
    });
  }

  it("refuses a stack where nothing writes, and one that names no app", async () => {
    for (const [stack, why] of [
      [
        "prod",
        'Pulumi.prod.yaml: idp:images.strategy: found "pinned": nothing writes to git there',
      ],
      ["staging", "Pulumi.staging.yaml: idp:images.writer: found no app with appId"],
    ] as const) {
      const { stderr, exitCode } = await run([stack, "--context", "mine"], privateKey);
      expect(exitCode).to.equal(1);
      expect(stderr).to.include(why);
    }
    expect(calls()).to.deep.equal([]);
  });

  it("applies nothing with credentials of another account, or without the cluster", async () => {
    program("aws", "echo 999999999999");
    expect((await run(["dev"], privateKey)).stderr).to.include(
      `of account 999999999999; must be ${account}`,
    );
    program(
      "aws",
      `case "$*" in "sts "*) echo ${account};; *) echo 'No cluster found' >&2; exit 1;; esac`,
    );
    expect((await run(["dev"], privateKey)).stderr).to.include(
      "cluster idp-dev: No cluster found. Nothing was changed. Fix: pulumi up -s dev makes the cluster",
    );
    expect(read("applied")).to.equal(undefined);
  });

  it("says what kubectl said, without the key that it may repeat", async () => {
    program(
      "kubectl",
      `echo "namespaces \\"argocd\\" not found" >&2; cat '${root}/applied' >&2; exit 1`,
    );
    const { stdout, stderr, exitCode } = await run(["dev", "--context", "mine"], privateKey);
    expect(exitCode).to.equal(1);
    expect(stdout).to.equal("");
    expect(stderr).to.include(
      'dev\'s cluster did not take Secret argocd/github-writer: namespaces "argocd" not found',
    );
    expect(stderr).to.include("pulumi up -s dev makes the namespace");
    expect(stderr).not.to.include(base64(privateKey).slice(40, 80));
    expect((await run(["dev", "--context", "mine"], privateKey, "/nowhere")).stderr).to.include(
      "kubectl is not on PATH",
    );
  });

  it("is a command with an example, and knows its stacks", async () => {
    const main = join(repositoryRoot, "cli/main.ts");
    const idp = (...words: readonly string[]) =>
      execa(process.execPath, [main, "github", "writer-key", ...words], {
        reject: false,
        input: "",
      });
    expect((await idp("--help")).stdout).to.include(
      "Example: npx idp github writer-key dev --profile acme-dev < idp-writer.pem",
    );
    expect((await idp("test")).exitCode).to.equal(2);
  });
});

describe("the app that may push past the ruleset", () => {
  const files = (...apps: readonly (string | undefined)[]) =>
    apps.map((app, index) =>
      parseStackFile(
        index === 0 ? "dev" : "staging",
        `config:\n${images(app && `    writer: { appId: "${app}", installationId: "1" }\n`)}`,
      ),
    );

  it("is the one that writes, never another", () => {
    expect(updaterApp(files("5", "5"), undefined)).to.equal(5);
    expect(updaterApp(files("5", undefined), 5)).to.equal(5);
    expect(updaterApp(files(undefined, undefined), 7)).to.equal(7);
    expect(updaterApp(files(undefined, undefined), undefined)).to.equal(undefined);
    expect(() => updaterApp(files("5", "5"), 7)).to.throw(
      "app 7 would push past the ruleset, but Image Updater writes with another:\n" +
        '  Pulumi.dev.yaml: idp:images.writer.appId: found "5"\n' +
        '  Pulumi.staging.yaml: idp:images.writer.appId: found "5"\n' +
        "Fix: name one app in all of them, and leave out --updater-app: docs/stacks.md#two-github-apps",
    );
    expect(() => updaterApp(files("5", "6"), undefined)).to.throw(
      'app 5 would push past the ruleset, but Image Updater writes with another:\n  Pulumi.staging.yaml: idp:images.writer.appId: found "6"',
    );
  });
});
