import { z } from "zod";
import type { Answer } from "../lib/ask.ts";

/** The state backend of one stack in S3. */
export interface Backend {
  readonly accountId: string;
  readonly region: string;
  /** Name of the bucket. */
  readonly bucket: string;
}

/** Name of the key, the same in every account: one account has one stack. */
export const keyAlias = "alias/idp-state";

/** Returns the bucket's name, which must be the only one in all of S3. */
export function bucketName({ accountId, region }: Omit<Backend, "bucket">): string {
  return `idp-state-${accountId}-${region}`;
}

/** One thing that a backend needs. */
export interface Step {
  readonly what: string;
  /** Arguments of `aws` that read it. */
  readonly look: readonly string[];
  /**
   * Returns whether the answer says that it is as it should be.
   * @throws Error with the fix when it is there, and no call may change it
   */
  readonly isRight: (answer: Answer) => boolean;
  /** Calls of `aws` that make it so, in order. */
  readonly make: (answer: Answer) => readonly (readonly string[])[];
}

/** Returns the key's ARN, which `aws kms describe-key` says. */
export const readKey = ["kms", "describe-key", "--key-id", keyAlias] as const;

const Key = z.object({ KeyMetadata: z.object({ Arn: z.string(), KeyState: z.string() }) });

/**
 * Returns the ARN in an answer to {@link readKey}; undefined if there is no key.
 * @throws Error when the key cannot be used, or the answer is another one
 */
export function keyArnIn(answer: Answer): string | undefined {
  if (answer.kind !== "said") {
    if (says(answer, "NotFoundException")) return undefined;
    throw unreadable(keyAlias, answer);
  }
  const { Arn, KeyState } = Key.parse(JSON.parse(answer.text)).KeyMetadata;
  if (KeyState !== "Enabled") {
    throw new Error(
      `${keyAlias} is ${KeyState}; must be Enabled: without it no state and no secret can be read. Fix: aws kms cancel-key-deletion --key-id ${Arn}, then aws kms enable-key --key-id ${Arn}`,
    );
  }
  return Arn;
}

/** Returns the calls that make the key, if there is none. The first one's answer names it for the second. */
export const makeKey = {
  key: [
    ...["kms", "create-key", "--description", "Pulumi state and its secrets"],
    ...["--tags", "TagKey=Project,TagValue=idp", "--query", "KeyMetadata.Arn", "--output", "text"],
  ],
  alias: (arn: string) => [
    ...["kms", "create-alias", "--alias-name", keyAlias, "--target-key-id", arn],
  ],
} as const;

/** Returns what a backend needs besides its key, in order. The key's policy stays AWS's own: IAM decides. */
export function backendSteps({ accountId, region, bucket }: Backend, keyArn: string): Step[] {
  const at = ["--bucket", bucket, "--expected-bucket-owner", accountId];
  return [
    {
      what: `rotation of ${keyAlias}, every year`,
      look: ["kms", "get-key-rotation-status", "--key-id", keyArn],
      isRight: (answer) => has(answer, { KeyRotationEnabled: true }),
      make: () => [["kms", "enable-key-rotation", "--key-id", keyArn]],
    },
    {
      what: `bucket ${bucket}`,
      look: ["s3api", "head-bucket", ...at],
      isRight: (answer) => {
        if (answer.kind === "said") return true;
        if (says(answer, "(404)")) return false;
        throw unreadable(
          `bucket ${bucket}`,
          answer,
          "another name with --bucket if it is somebody else's, or credentials of an administrator",
        );
      },
      make: () => [
        [
          ...["s3api", "create-bucket", "--bucket", bucket, "--region", region],
          ...["--object-ownership", "BucketOwnerEnforced"],
          // S3 refuses to be told of its oldest region.
          ...(region === "us-east-1"
            ? []
            : ["--create-bucket-configuration", `LocationConstraint=${region}`]),
        ],
      ],
    },
    {
      what: "versions of every state",
      look: ["s3api", "get-bucket-versioning", ...at],
      isRight: (answer) => has(answer, { Status: "Enabled" }),
      make: () => [
        ["s3api", "put-bucket-versioning", ...at, "--versioning-configuration", "Status=Enabled"],
      ],
    },
    {
      what: "no public access",
      look: ["s3api", "get-public-access-block", ...at],
      isRight: (answer) => has(answer, { PublicAccessBlockConfiguration: noPublicAccess }),
      make: () => [
        [
          ...["s3api", "put-public-access-block", ...at],
          ...["--public-access-block-configuration", JSON.stringify(noPublicAccess)],
        ],
      ],
    },
    {
      what: "encryption by the key",
      look: ["s3api", "get-bucket-encryption", ...at],
      isRight: (answer) => has(answer, { ServerSideEncryptionConfiguration: encryption(keyArn) }),
      make: () => [
        [
          ...["s3api", "put-bucket-encryption", ...at],
          ...["--server-side-encryption-configuration", JSON.stringify(encryption(keyArn))],
        ],
      ],
    },
    {
      what: "TLS only",
      look: ["s3api", "get-bucket-policy", ...at],
      isRight: (answer) => policyIn(answer).Statement.some((one) => one["Sid"] === tlsOnly),
      make: (answer) => {
        const policy = policyIn(answer);
        const whole = { ...policy, Statement: [...policy.Statement, tlsStatement(bucket, region)] };
        return [["s3api", "put-bucket-policy", ...at, "--policy", JSON.stringify(whole)]];
      },
    },
  ];
}

const noPublicAccess = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

const encryption = (keyArn: string) => ({
  Rules: [
    {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: keyArn },
      BucketKeyEnabled: true,
    },
  ],
});

const tlsOnly = "IdpTlsOnly";
const Policy = z.looseObject({
  Version: z.string(),
  Statement: z.array(z.looseObject({})),
});

/** The bucket's policy; an empty one if it has none. */
function policyIn(answer: Answer): z.infer<typeof Policy> {
  if (answer.kind !== "said") {
    if (says(answer, "NoSuchBucketPolicy") || says(answer, "NoSuchBucket")) {
      return { Version: "2012-10-17", Statement: [] };
    }
    throw unreadable("the bucket's policy", answer);
  }
  const { Policy: text } = z.object({ Policy: z.string() }).parse(JSON.parse(answer.text));
  return Policy.parse(JSON.parse(text));
}

function tlsStatement(bucket: string, region: string) {
  const partition = region.startsWith("cn-")
    ? "aws-cn"
    : region.startsWith("us-gov-")
      ? "aws-us-gov"
      : "aws";
  const arn = `arn:${partition}:s3:::${bucket}`;
  return {
    ...{ Sid: tlsOnly, Effect: "Deny", Principal: "*", Action: "s3:*" },
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
}

/** What S3 and KMS say of a thing that is not set. */
const absences = [
  "NoSuchBucket",
  "NoSuchPublicAccessBlockConfiguration",
  "ServerSideEncryptionConfigurationNotFoundError",
];

/** Returns whether an answer contains all of `wanted`. An answer of nothing at all is that of a fresh bucket. */
function has(answer: Answer, wanted: object): boolean {
  if (answer.kind !== "said") {
    if (absences.some((code) => says(answer, code))) return false;
    throw unreadable(Object.keys(wanted).join(), answer);
  }
  return answer.text.trim() !== "" && contains(JSON.parse(answer.text), wanted);
}

function contains(found: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return found === wanted;
  if (typeof found !== "object" || found === null) return false;
  const values = new Map<string, unknown>(Object.entries(found));
  return Object.entries(wanted).every(([key, value]) => contains(values.get(key), value));
}

function says(answer: Answer, code: string): boolean {
  return answer.kind === "refused" && answer.message.includes(code);
}

function unreadable(
  what: string,
  answer: Answer,
  fix = "credentials of an administrator of the account",
): Error {
  const why = answer.kind === "refused" ? answer.message : "aws is not on PATH";
  return new Error(`${what} cannot be read: ${why}. Fix: ${fix}`);
}
