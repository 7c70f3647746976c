import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allConfig } from "@pulumi/pulumi/runtime/config.js";
import { z } from "zod";
import { readExceptions } from "./exceptions.ts";
import { policiesOf } from "./pack.ts";
import { platformOf } from "./platform.ts";
import { rules } from "./rules/index.ts";
import { serve } from "./server.ts";

const folder = import.meta.dirname;
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));

serve(policiesOf(rules, platformOf(allConfig()), readExceptions(folder), new Date()), {
  name: "idp",
  version,
  description: "The platform's rules over a plan",
});
