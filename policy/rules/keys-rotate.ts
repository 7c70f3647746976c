import { everywhere, type Rule } from "../rule.ts";
import { violation } from "../values.ts";

export const keysRotate: Rule = {
  name: "keys-rotate",
  reason: "A key that leaked opens only what it was used for in its time.",
  fix: "set enableKeyRotation to true",
  severity: "medium",
  link: "https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }) =>
    type === "aws:kms/key:Key" && props["enableKeyRotation"] !== true
      ? [violation(["enableKeyRotation"], props["enableKeyRotation"], "must be true")]
      : [],
};
