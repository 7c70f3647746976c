import { PolicyPack } from "@pulumi/policy";
import { allConfig } from "@pulumi/pulumi/runtime/config.js";
import { readExceptions } from "./exceptions.ts";
import { policiesOf } from "./pack.ts";
import { platformOf } from "./platform.ts";
import { rules } from "./rules/index.ts";
import { leaveUnread } from "./unread.ts";

leaveUnread();
new PolicyPack("idp", {
  description: "The platform's rules over a plan",
  policies: policiesOf(
    rules,
    platformOf(allConfig()),
    readExceptions(import.meta.dirname),
    new Date(),
  ),
});
