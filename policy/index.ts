import policy from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { readExceptions } from "./exceptions.ts";
import { policiesOf } from "./pack.ts";
import { platformOf } from "./platform.ts";
import { rules } from "./rules/index.ts";

new policy.PolicyPack("idp", {
  description: "The platform's rules over a plan",
  enforcementLevel: "mandatory",
  policies: policiesOf(
    rules,
    platformOf(pulumi.runtime.allConfig()),
    readExceptions(import.meta.dirname),
    new Date(),
  ),
});
