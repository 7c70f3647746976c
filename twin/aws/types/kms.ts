import { randomUUID } from "node:crypto";
import { AwsError } from "../errors.ts";
import { isBag, type Bag } from "../properties.ts";
import { between, listOf, matching, oneOf, policy, statementsOf } from "../rules.ts";
import { arn, lastSegment, textOf, type Draft, type TypeTable } from "../spec.ts";

const key = "aws:kms/key:Key";

/** Returns the policy that AWS gives a key without one: the account grants access through IAM. */
function defaultPolicy(accountId: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Id: "key-default-1",
    Statement: [
      {
        Sid: "Enable IAM User Permissions",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: "kms:*",
        Resource: "*",
      },
    ],
  });
}

/** AWS refuses a key policy that would lock the account out of changing it again. */
function checkLockout({ inputs, account }: Draft): void {
  const text = textOf(inputs, "policy");
  if (text === "" || inputs["bypassPolicyLockoutSafetyCheck"] === true) return;
  const document: unknown = JSON.parse(text);
  const keeps =
    isBag(document) &&
    statementsOf(document).some(
      (statement) =>
        isBag(statement) &&
        statement["Effect"] === "Allow" &&
        namesAccount(statement, account.id) &&
        listOf(statement["Action"]).some(
          (a) => a === "kms:*" || a === "*" || a === "kms:PutKeyPolicy",
        ),
    );
  if (!keeps) {
    throw new AwsError(
      "MalformedPolicyDocumentException",
      `The new key policy will not allow you to update the key policy in the future: no statement allows arn:aws:iam::${account.id}:root kms:PutKeyPolicy`,
    );
  }
}

function namesAccount(statement: Bag, accountId: string): boolean {
  const principal = statement["Principal"];
  const names = isBag(principal) ? listOf(principal["AWS"]) : listOf(principal);
  return names.some(
    (name) => name === "*" || (typeof name === "string" && name.includes(accountId)),
  );
}

/** Keys and their aliases. */
export const kms: TypeTable = {
  [key]: {
    documents: ["policy"],
    rules: {
      policy: policy("resource", 32768),
      deletionWindowInDays: between(7, 30),
      rotationPeriodInDays: between(90, 2560),
      keyUsage: oneOf("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
      description: matching(/^[\s\S]{0,8192}$/, "a description of at most 8192 characters"),
    },
    checks: (draft) => {
      checkLockout(draft);
    },
    notFound: "NotFoundException",
    replaceOn: ["customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId"],
    tags: true,
    id: () => randomUUID(),
    idOf: lastSegment,
    defaults: {
      customerMasterKeySpec: "SYMMETRIC_DEFAULT",
      keyUsage: "ENCRYPT_DECRYPT",
      enableKeyRotation: false,
      isEnabled: true,
      multiRegion: false,
      description: "",
    },
    computed: (created) => ({
      arn: arn(created, "kms", `key/${created.id}`),
      keyId: created.id,
      ...("policy" in created.inputs ? {} : { policy: defaultPolicy(created.account.id) }),
    }),
  },

  "aws:kms/alias:Alias": {
    required: ["targetKeyId"],
    naming: {
      property: "name",
      max: 256,
      pattern: /^alias\/(?!aws\/)[a-zA-Z0-9/_-]+$/,
      auto: true,
      prefix: "alias/",
    },
    references: [{ path: "targetKeyId", to: key }],
    taken: "AlreadyExistsException",
    notFound: "NotFoundException",
    replaceOn: ["name", "namePrefix"],
    recomputed: (created) => ({
      arn: arn(created, "kms", created.id),
      targetKeyArn: arn(
        created,
        "kms",
        `key/${lastSegment(textOf(created.inputs, "targetKeyId"))}`,
      ),
    }),
  },
};
