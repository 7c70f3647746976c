import { ofCluster } from "../eks.ts";
import { everywhere, type Rule } from "../rule.ts";
import { isAbsent, violation } from "../values.ts";

export const clusterSecretsAreEncrypted: Rule = {
  name: "cluster-secrets-are-encrypted",
  reason: "Whoever reads etcd's disks must not read the secrets on them.",
  fix: "give the cluster a KMS key of the account's own",
  severity: "high",
  link: "https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
  levels: everywhere,
  unknown: "wait",
  resource: (resource) => {
    const key = ofCluster(resource, "encryptionKey");
    return key && (isAbsent(key.value) || key.value === "")
      ? [violation(key.path, key.value, "must be the ARN of a KMS key")]
      : [];
  },
};
