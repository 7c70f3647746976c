import { AwsError } from "../errors.ts";
import { stringAt } from "../properties.ts";
import { arnOf, oneOf, trusts } from "../rules.ts";
import { arn, lastSegment, textOf, type Draft, type TypeTable } from "../spec.ts";

const key = "aws:kms/key:Key";

/** Retentions that CloudWatch Logs accepts, in days. 0 keeps logs for ever (PutRetentionPolicy). */
const retentions = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
  3288, 3653,
];

/** A key can encrypt logs only if its policy allows the region's logs service. */
function checkKeyPolicy({ inputs, store, account }: Draft): void {
  const keyArn = textOf(inputs, "kmsKeyId");
  if (keyArn === "") return;
  const record = store.read(key, lastSegment(keyArn));
  const document = stringAt(record?.inputs, "policy") ?? stringAt(record?.computed, "policy") ?? "";
  if (!trusts(document, `logs.${account.region}.amazonaws.com`)) {
    throw new AwsError(
      "InvalidParameterException",
      `The specified KMS Key Id could not be found or is not allowed to be used: the policy of ${keyArn} does not allow logs.${account.region}.amazonaws.com`,
    );
  }
}

/** Log groups. */
export const cloudwatch: TypeTable = {
  "aws:cloudwatch/logGroup:LogGroup": {
    naming: { property: "name", max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/, auto: true },
    rules: {
      retentionInDays: oneOf(...retentions),
      kmsKeyId: arnOf("kms"),
      logGroupClass: oneOf("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"),
    },
    references: [{ path: "kmsKeyId", to: key }],
    checks: (draft) => {
      checkKeyPolicy(draft);
    },
    taken: "ResourceAlreadyExistsException",
    notFound: "ResourceNotFoundException",
    replaceOn: ["name", "namePrefix", "logGroupClass"],
    tags: true,
    // arn:aws:logs:us-west-2:111122223333:log-group:/a/name or the same followed by :*
    idOf: (value) => value.replace(/^arn:[^:]+:logs:[^:]*:\d*:log-group:/, "").replace(/:\*$/, ""),
    defaults: {
      retentionInDays: 0,
      logGroupClass: "STANDARD",
      skipDestroy: false,
      deletionProtectionEnabled: false,
    },
    computed: (created) => ({ arn: arn(created, "logs", `log-group:${created.id}`) }),
    // A service that still writes makes the group again, without a retention. Only a second deletion ends it.
    leave: ({ type, id, computed, origin }, _account, store) => {
      if (origin.lateWriter === undefined) return;
      const { lateWriter, ...by } = origin;
      const token = `EKS for ${lateWriter}`;
      store.create({ type, id, inputs: { name: id }, computed, origin: { ...by, token } });
    },
  },
};
