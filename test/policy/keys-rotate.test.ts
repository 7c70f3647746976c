import { keysRotate } from "../../policy/rules/keys-rotate.ts";
import { describeRule, resource } from "./support.ts";

const at = ["props", "enableKeyRotation"];

describeRule(keysRotate, "resource", resource("aws:kms/key:Key", { enableKeyRotation: true }), [
  {
    title: "refuses a key that stays",
    at,
    value: false,
    expected: ["enableKeyRotation: found false; must be true"],
  },
  {
    title: "refuses the default",
    at,
    value: undefined,
    expected: ["enableKeyRotation: found nothing; must be true"],
  },
  {
    title: "ignores other types",
    at: [],
    value: resource("aws:kms/alias:Alias", {}),
    expected: [],
  },
]);
