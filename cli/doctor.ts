import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { inspectCatalog } from "../catalog/read.ts";
import { environments } from "../config/environments.ts";
import { readStackFiles } from "../config/stack-files.ts";
import { checkLines, hasFailed } from "../doctor/checks.ts";
import { examine, type Patient } from "../doctor/examine.ts";
import { twinEnvironment } from "../twin/state/environment.ts";
import { asking } from "../lib/ask.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { requireTwin, twinPaths } from "../twin/state/twin.ts";
import { committedRules } from "../catalog/committed-rules.ts";
import { progress } from "./progress.ts";
import { profilesOf } from "./workspace.ts";

interface Options {
  readonly twin?: true;
  readonly profile?: readonly string[];
  readonly json?: true;
}

/** `idp doctor`: finds what a machine, a fork and its accounts lack. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .option("--twin", "examine the twin's accounts; also when IDP_TWIN is set")
    .option(
      "--profile <environment=name...>",
      "AWS profile of an environment's account, such as prod=acme-prod; also IDP_PROFILE_PROD",
    )
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      "\nIt changes nothing. Exit code 1 when a check failed; checks that cannot be made are skipped, with the reason.",
    )
    .action(async ({ twin, profile, json }: Options) => {
      const isTwin = twin === true || Boolean(process.env["IDP_TWIN"]);
      if (isTwin) requireTwin();
      progress("asking this machine, GitHub and the accounts");
      const checks = await examine(
        await patient(isTwin, profile),
        asking(isTwin ? twinEnvironment() : process.env),
      );
      console.log(json ? JSON.stringify({ checks }, null, 2) : checkLines(checks).join("\n"));
      if (hasFailed(checks)) process.exitCode = 1;
    });
}

const Package = z.object({ engines: z.object({ node: z.string() }) });

async function patient(isTwin: boolean, profiles: readonly string[] = []): Promise<Patient> {
  const { engines } = Package.parse(
    JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")),
  );
  const rules = committedRules(repositoryRoot);
  return {
    root: repositoryRoot,
    stackFiles: readStackFiles(isTwin ? twinPaths().settings : repositoryRoot),
    catalogs: await Promise.all(
      environments.map((environment) =>
        inspectCatalog(repositoryRoot, environment, rules[environment]),
      ),
    ),
    profiles: profilesOf(profiles),
    node: engines.node.replace(/^>=/, ""),
  };
}
