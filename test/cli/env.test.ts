import { expect } from "chai";
import { execa } from "execa";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stackShell } from "../../cli/stack-shell.ts";
import { parseStackFile } from "../../config/stack-files.ts";
import type { Answer, Ask } from "../../lib/ask.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { shellLines } from "../../lib/shell.ts";

const account = "100000000001";
const stackFile = (more = "", id = account) =>
  parseStackFile(
    "dev",
    `config:\n  idp:aws:\n    accountId: "${id}"\n    region: eu-west-1\n${more}`,
  );
const inS3 = stackFile(
  "  idp:github:\n    stateBackend:\n      bucket: acme-idp-dev\n" +
    `      keyArn: arn:aws:kms:eu-west-1:${account}:key/1\n`,
);
const session = {
  Version: 1,
  AccessKeyId: "ASIAEXAMPLE",
  SecretAccessKey: "it's $a `secret`",
  SessionToken: 'to"ken\\n',
  Expiration: "2026-11-28T01:00:00+00:00",
};

/** A stand-in for `aws`: two calls are known, any other throws. */
const aws =
  (answers: { account?: Answer; keys?: object }, calls: string[] = []): Ask =>
  (program, args) => {
    const words = [program, ...args].join(" ");
    calls.push(words);
    if (words.startsWith("aws sts get-caller-identity ")) {
      return Promise.resolve(answers.account ?? { kind: "said", text: `${account}\n` });
    }
    if (words.startsWith("aws configure export-credentials ")) {
      return Promise.resolve({ kind: "said", text: JSON.stringify(answers.keys ?? session) });
    }
    throw new Error(`unexpected: ${words}`);
  };
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe("idp env", () => {
  it("names the backend in S3 and the keys of the profile, and never a profile", async () => {
    const calls: string[] = [];
    const shell = await stackShell(inS3, "acme-dev", aws({}, calls));
    expect(shell).to.deep.equal({
      unset: ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_DEFAULT_REGION"],
      variables: {
        AWS_ACCESS_KEY_ID: session.AccessKeyId,
        AWS_SECRET_ACCESS_KEY: session.SecretAccessKey,
        AWS_SESSION_TOKEN: session.SessionToken,
        AWS_CREDENTIAL_EXPIRATION: session.Expiration,
        AWS_REGION: "eu-west-1",
        PULUMI_BACKEND_URL: "s3://acme-idp-dev?region=eu-west-1",
      },
    });
    expect(calls).to.deep.equal([
      "aws sts get-caller-identity --query Account --output text --profile acme-dev",
      "aws configure export-credentials --format process --profile acme-dev",
    ]);
  });

  it("removes what an earlier stack left in the shell", async () => {
    const keys = { Version: 1, AccessKeyId: "AKIAEXAMPLE", SecretAccessKey: "secret" };
    const { unset } = await stackShell(stackFile(), undefined, aws({ keys }));
    expect(unset).to.deep.equal([
      "AWS_PROFILE",
      "AWS_DEFAULT_PROFILE",
      "AWS_DEFAULT_REGION",
      "AWS_SESSION_TOKEN",
      "AWS_CREDENTIAL_EXPIRATION",
      "PULUMI_BACKEND_URL",
    ]);
  });

  it("takes the profile in the settings when none is given", async () => {
    const calls: string[] = [];
    await stackShell(stackFile("    profile: acme\n"), undefined, aws({}, calls));
    expect(calls.filter((words) => !words.endsWith(" --profile acme"))).to.deep.equal([]);
  });

  it("can be evaluated by sh, whatever is in a key", async () => {
    const lines = shellLines(await stackShell(inS3, undefined, aws({})));
    const { stdout } = await execa(
      "sh",
      [
        "-uc",
        `eval "$LINES"; printf '%s|%s|%s|%s' "$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" "$PULUMI_BACKEND_URL" "\${AWS_PROFILE-none}"`,
      ],
      { env: { LINES: lines, AWS_PROFILE: "other" } },
    );
    expect(stdout).to.equal(
      `${session.SecretAccessKey}|${session.SessionToken}|s3://acme-idp-dev?region=eu-west-1|none`,
    );
  });

  it("refuses credentials of another account, and exports none of them", async () => {
    const calls: string[] = [];
    const answer = { kind: "said", text: "100000000009\n" } as const;
    expect(
      await failure(stackShell(stackFile(), "other", aws({ account: answer }, calls))),
    ).to.equal(
      "profile other: of account 100000000009; must be 100000000001, as in Pulumi.dev.yaml." +
        " Fix: aws sso login --profile <profile>, then the same with --profile <profile>",
    );
    expect(calls).to.have.length(1);
  });

  it("says what to do without credentials, without aws, and without an account", async () => {
    const refused = { kind: "refused", message: "The SSO session has expired" } as const;
    expect(await failure(stackShell(stackFile(), "acme", aws({ account: refused })))).to.match(
      /^profile acme, for dev: The SSO session has expired\. Fix: aws sso login /,
    );
    expect(
      await failure(stackShell(stackFile(), "acme", aws({ account: { kind: "missing" } }))),
    ).to.match(/^aws is not on PATH\. Fix: https:/);
    expect(await failure(stackShell(stackFile("", "000000000000"), "acme", aws({})))).to.equal(
      'Pulumi.dev.yaml: idp:aws.accountId: found 000000000000, which stands for "not decided". Fix: npx idp init --dev-account <number>',
    );
    expect(
      await failure(stackShell(parseStackFile("dev", "config: {}"), "acme", aws({}))),
    ).to.match(/^Pulumi\.dev\.yaml is not valid:\n {2}idp:aws/);
  });

  describe("as a command", () => {
    const main = join(repositoryRoot, "cli/main.ts");
    let bin = "";
    before(() => {
      bin = join(mkdtempSync(join(tmpdir(), "idp-env-")), "bin");
      mkdirSync(bin);
      // Account 2 is none of the committed ones.
      writeFileSync(join(bin, "aws"), "#!/bin/sh\necho 200000000002\n", { mode: 0o755 });
    });
    after(() => {
      rmSync(join(bin, ".."), { recursive: true });
    });

    it("prints nothing for eval when it fails, and says why on standard error", async () => {
      const { stdout, stderr, exitCode } = await execa(process.execPath, [main, "env", "staging"], {
        reject: false,
        env: { IDP_TWIN: "", PATH: `${bin}:/usr/bin:/bin` },
      });
      expect(stdout).to.equal("");
      expect(stderr).to.match(/^error .*Pulumi\.staging\.yaml.* Fix: /m);
      expect(exitCode).to.equal(1);
    });

    it("refuses a stack that is not one", async () => {
      const { exitCode, stderr } = await execa(process.execPath, [main, "env", "test"], {
        reject: false,
      });
      expect(exitCode).to.equal(2);
      expect(stderr).to.include("Allowed choices are dev, staging, prod");
    });
  });
});
