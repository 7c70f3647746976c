import { clusterSecretsAreEncrypted } from "../../policy/rules/cluster-secrets-are-encrypted.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

const key = ["props", "encryptionConfig", "provider", "keyArn"];

describeRule(
  clusterSecretsAreEncrypted,
  "resource",
  resource("aws:eks/cluster:Cluster", {
    encryptionConfig: { provider: { keyArn: "arn:aws:kms:us-west-2:1:key/a" } },
  }),
  [
    {
      title: "refuses no key",
      at: ["props", "encryptionConfig"],
      value: undefined,
      expected: ["encryptionConfig.provider.keyArn: found nothing; must be the ARN of a KMS key"],
    },
    {
      title: "refuses an empty key",
      at: key,
      value: "",
      expected: ['encryptionConfig.provider.keyArn: found ""; must be the ARN of a KMS key'],
    },
    { title: "waits for a key that is not made yet", at: key, value: unknownValue, expected: [] },
    {
      title: "sees through the component",
      at: [],
      value: resource("eks:index:Cluster", { name: "idp-prod" }),
      expected: ["encryptionConfigKeyArn: found nothing; must be the ARN of a KMS key"],
    },
    {
      title: "leaves a component without inputs to its children",
      at: [],
      value: resource("eks:index:Cluster", {}),
      expected: [],
    },
    {
      title: "ignores other types",
      at: [],
      value: resource("aws:kms/key:Key", {}),
      expected: [],
    },
  ],
);
