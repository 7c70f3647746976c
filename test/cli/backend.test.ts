import { expect } from "chai";
import { createBackend } from "../../cli/backend.ts";
import { committed } from "../../config/committed.ts";
import { parseStackFile, settingPath } from "../../config/stack-files.ts";
import type { Answer } from "../../lib/ask.ts";
import { setMap } from "../../lib/yaml-edit.ts";
import { goldenStackFiles } from "../support/golden.ts";

const accountId = "100000000001";
const region = "eu-west-1";
const keyArn = `arn:aws:kms:${region}:${accountId}:key/1234`;
const bucket = `idp-state-${accountId}-${region}`;

const said = (value: unknown): Answer => ({
  kind: "said",
  text: value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value),
});
const error = (code: string): Answer => ({
  kind: "refused",
  message: `An error occurred (${code}) when calling the operation: no`,
});

/** A stand-in for KMS and S3 of one account, with AWS's error codes. Calls that it does not know throw. */
class Account {
  readonly changes: string[] = [];
  state: Record<string, unknown> = {};
  /** A call that fails once, by its second word. */
  fails: string | undefined;

  readonly askAws = (...args: readonly string[]): Promise<Answer> => {
    const [, verb = ""] = args;
    const option = (name: string) => args[args.indexOf(name) + 1] ?? "";
    if (args.at(-1) !== region && option("--region") !== region) throw new Error("no region");
    if (/^(create|put|enable)-/.test(verb)) {
      if (this.fails === verb) {
        this.fails = undefined;
        return Promise.resolve(error("AccessDenied"));
      }
      this.changes.push(verb);
    }
    return Promise.resolve(this.answer(verb, option));
  };

  private answer(verb: string, option: (name: string) => string): Answer {
    const { state } = this;
    const inBucket = (value: unknown, absent?: string): Answer => {
      if (!("bucket" in state)) return error("NoSuchBucket");
      return value === undefined && absent !== undefined ? error(absent) : said(value);
    };
    switch (verb) {
      case "describe-key":
        return "alias" in state
          ? said({ KeyMetadata: { Arn: keyArn, KeyState: state["keyState"] ?? "Enabled" } })
          : error("NotFoundException");
      case "create-key":
        return said(`${keyArn}\n`);
      case "create-alias":
        state["alias"] = option("--target-key-id");
        return said(undefined);
      case "get-key-rotation-status":
        return said({ KeyRotationEnabled: state["rotation"] ?? false });
      case "enable-key-rotation":
        state["rotation"] = true;
        return said(undefined);
      case "head-bucket":
        return "bucket" in state ? said(undefined) : error("404");
      case "create-bucket":
        state["bucket"] = option("--create-bucket-configuration");
        return said({ Location: "/" });
      case "get-bucket-versioning":
        return inBucket(state["versioning"]);
      case "put-bucket-versioning":
        state["versioning"] = { Status: "Enabled" };
        return said(undefined);
      case "get-public-access-block":
        return inBucket(state["block"], "NoSuchPublicAccessBlockConfiguration");
      case "put-public-access-block":
        state["block"] = {
          PublicAccessBlockConfiguration: JSON.parse(
            option("--public-access-block-configuration"),
          ) as unknown,
        };
        return said(undefined);
      case "get-bucket-encryption":
        return inBucket(state["encryption"], "ServerSideEncryptionConfigurationNotFoundError");
      case "put-bucket-encryption":
        state["encryption"] = {
          ServerSideEncryptionConfiguration: JSON.parse(
            option("--server-side-encryption-configuration"),
          ) as unknown,
        };
        return said(undefined);
      case "get-bucket-policy":
        return inBucket(
          state["policy"] === undefined ? undefined : { Policy: state["policy"] },
          "NoSuchBucketPolicy",
        );
      case "put-bucket-policy":
        state["policy"] = option("--policy");
        return said(undefined);
      default:
        throw new Error(`unexpected: ${verb}`);
    }
  }
}

const everything = [
  "create-key",
  "create-alias",
  "enable-key-rotation",
  "create-bucket",
  "put-bucket-versioning",
  "put-public-access-block",
  "put-bucket-encryption",
  "put-bucket-policy",
];

function create(account: Account, isDryRun = false, given?: string) {
  const said: string[] = [];
  const { askAws } = account;
  const who = { accountId, region, askAws, flags: ["--profile", "acme-dev"] };
  return createBackend(who, given, isDryRun, (line) => said.push(line)).then(
    (made) => ({ ...made, said }),
    (failure: unknown) => ({
      said,
      failure: failure instanceof Error ? failure.message : String(failure),
    }),
  );
}

describe("idp backend create", () => {
  it("makes key and bucket from nothing, and nothing the second time", async () => {
    const account = new Account();
    expect(await create(account)).to.deep.include({ bucket, keyArn });
    expect(account.changes).to.deep.equal(everything);
    expect(account.state["bucket"]).to.equal(`LocationConstraint=${region}`);
    expect(account.state["alias"]).to.equal(keyArn);
    expect(JSON.parse(String(account.state["policy"]))).to.deep.equal({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "IdpTlsOnly",
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    });
    expect(account.state["encryption"]).to.deep.equal({
      ServerSideEncryptionConfiguration: {
        Rules: [
          {
            ApplyServerSideEncryptionByDefault: {
              SSEAlgorithm: "aws:kms",
              KMSMasterKeyID: keyArn,
            },
            BucketKeyEnabled: true,
          },
        ],
      },
    });
    account.changes.length = 0;
    expect(await create(account)).to.deep.include({ bucket, keyArn, calls: [] });
    expect(account.changes).to.deep.equal([]);
  });

  it("shows the same calls in a dry run, and makes none", async () => {
    const account = new Account();
    const dry = await create(account, true);
    expect(account.changes).to.deep.equal([]);
    const calls = dry.said.filter((line) => !line.startsWith("#"));
    expect(calls.map((line) => line.split(" ")[2])).to.deep.equal(everything);
    expect(calls[4]).to.equal(
      `aws s3api put-bucket-versioning --bucket ${bucket} --expected-bucket-owner ${accountId} --versioning-configuration Status=Enabled --region ${region} --profile acme-dev`,
    );
  });

  it("mends what somebody changed, and keeps the other statements of the policy", async () => {
    const account = new Account();
    await create(account);
    const own = { Sid: "Own", Effect: "Deny", Principal: "*", Action: "s3:DeleteBucket" };
    account.state = {
      ...account.state,
      rotation: false,
      versioning: { Status: "Suspended" },
      block: { PublicAccessBlockConfiguration: { BlockPublicAcls: true } },
      encryption: {
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
        },
      },
      policy: JSON.stringify({ Version: "2012-10-17", Statement: [own] }),
    };
    account.changes.length = 0;
    await create(account);
    expect(account.changes).to.deep.equal(everything.filter((verb) => !/create-/.test(verb)));
    const { Statement } = JSON.parse(String(account.state["policy"])) as {
      Statement: { Sid: string }[];
    };
    expect(Statement.map(({ Sid }) => Sid)).to.deep.equal(["Own", "IdpTlsOnly"]);
  });

  it("stops at a refusal with AWS's words, and goes on there the next time", async () => {
    const account = new Account();
    account.fails = "put-bucket-versioning";
    const first = await create(account);
    expect("failure" in first && first.failure).to.match(
      /^aws s3api put-bucket-versioning .*: An error occurred \(AccessDenied\) .* run the command again: it goes on there$/,
    );
    expect(account.changes).to.deep.equal(everything.slice(0, 4));
    await create(account);
    expect(account.changes).to.deep.equal(everything);
  });

  it("refuses a bucket that may be somebody else's, and a key that is being deleted", async () => {
    const account = new Account();
    await create(account);
    const { askAws } = account;
    const foreign = Object.assign(new Account(), {
      askAws: (...args: readonly string[]) =>
        args[1] === "head-bucket" ? Promise.resolve(error("403")) : askAws(...args),
    });
    const refused = await create(foreign, false, "states");
    expect("failure" in refused && refused.failure).to.match(
      /^bucket states cannot be read: .*\(403\).* Fix: another name with --bucket if it is somebody else's, /,
    );
    account.state["keyState"] = "PendingDeletion";
    const deleted = await create(account);
    expect("failure" in deleted && deleted.failure).to.equal(
      "alias/idp-state is PendingDeletion; must be Enabled: without it no state and no secret can be read." +
        ` Fix: aws kms cancel-key-deletion --key-id ${keyArn}, then aws kms enable-key --key-id ${keyArn}`,
    );
  });

  it("names bucket and key in the stack's settings, and replaces old ones", () => {
    const text = goldenStackFiles.get("Pulumi.dev.yaml") ?? "";
    const set = (before: string, values: { bucket: string; keyArn: string }) =>
      setMap(before, settingPath("github"), "stateBackend", values, "repository");
    const first = set(text, { bucket, keyArn });
    const backend = (of: string) => committed(parseStackFile("dev", of)).github.stateBackend;
    expect(backend(text)).to.equal(undefined);
    expect(backend(first)).to.deep.equal({ bucket, keyArn });
    expect(first.replace(/ {4}stateBackend:\n.*\n.*\n/, "")).to.equal(text);
    expect(backend(set(first, { bucket: "other", keyArn }))).to.deep.equal({
      bucket: "other",
      keyArn,
    });
  });
});
