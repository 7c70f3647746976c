import { Command, Option } from "commander";
import { availableParallelism } from "node:os";
import { environments, type Environment } from "../config/environments.ts";
import { readStackFiles, type StackFile } from "../config/stack-files.ts";
import { acrossEnvironments } from "../catalog/across.ts";
import type { Finding } from "../catalog/finding.ts";
import { inspectCatalog } from "../catalog/read.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { recorder } from "../policy/program/registrations.ts";
import { policyFindings, type CheckOptions } from "../policy/repository/check.ts";
import { settingsFindings } from "../policy/repository/settings.ts";
import { filesBefore } from "./base.ts";
import { decidesRules, rulesIn } from "../catalog/committed-rules.ts";
import { counter } from "./counter.ts";
import { findHelm } from "./helm.ts";
import { readReleaseOnce } from "./releases.ts";
import { progress } from "./progress.ts";
import { versionsHad } from "./versions-had.ts";
import { formatFindings, formats, isFailure, type Format } from "./findings.ts";

interface Options {
  readonly json?: true;
  readonly format: Format;
  readonly base?: string;
}

/** `idp check`: checks the service files, the charts rendered from them, the settings and what the program makes of them. */
export function checkCommand(): Command {
  return new Command("check")
    .addOption(new Option("--format <format>", "how to print").choices(formats).default("text"))
    .addOption(new Option("--json", "the same as --format json"))
    .addOption(
      new Option("--base <commit>", "compare versions with this commit, such as origin/main"),
    )
    .addHelpText(
      "after",
      "\nExit code 1 when there is an error; warnings are for a person to judge. The rules: policy/README.md",
    )
    .action(async ({ json, format, base }: Options) => {
      const helm = await findHelm();
      progress("checking the service files, their charts, the settings and what the program makes");
      const against = base ?? baseOfPullRequest();
      const findings = await checkRepository(repositoryRoot, {
        helm,
        readRelease: readReleaseOnce,
        record: recorder,
        concurrency: availableParallelism(),
        before: filesBefore(repositoryRoot, against),
        had: versionsHad(repositoryRoot, against),
        now: new Date(),
        onRendered: counter("charts rendered"),
      });
      console.log(formatFindings(findings, json ? "json" : format));
      if (isFailure(findings)) process.exitCode = 1;
    });
}

/** The target branch of a pull request, which GitHub names; undefined elsewhere. */
function baseOfPullRequest(): string | undefined {
  const branch = process.env["GITHUB_BASE_REF"];
  return branch ? `origin/${branch}` : undefined;
}

/**
 * Returns everything that is wrong with the repository at `root`: the settings by their own schema, the service files, then
 * the broken rules. What depends on settings that are not valid is not looked at: it would be wrong because of them.
 */
export async function checkRepository(root: string, options: CheckOptions): Promise<Finding[]> {
  const stackFiles = readStackFiles(root);
  const wrong = new Map(
    stackFiles.map((file) => [file.environment, settingsFindings(root, file, stackFiles)]),
  );
  const wrongIn = (environment: Environment) => wrong.get(environment) ?? [];
  const { catalogs, findings } = await readCatalogs(root, stackFiles, (environment) =>
    wrongIn(environment).some(({ key }) => decidesRules(key)),
  );
  const valid = stackFiles.filter(({ environment }) => wrongIn(environment).length === 0);
  return [
    ...[...wrong.values()].flat(),
    ...findings,
    ...(await policyFindings(root, valid, catalogs, options)),
  ];
}

/**
 * Returns everything that is wrong with the service files of the repository at `root`, by its committed settings: one
 * environment after another, then across the environments.
 * @throws Error that names the stack file without an account or image strategy
 */
export async function checkServiceFiles(root: string): Promise<Finding[]> {
  return (await readCatalogs(root, readStackFiles(root), () => false)).findings;
}

/** @param lacksRules whether the settings that the rules of an environment's service files come from are not valid */
async function readCatalogs(
  root: string,
  stackFiles: readonly StackFile[],
  lacksRules: (environment: Environment) => boolean,
) {
  const catalogs = await Promise.all(
    environments.map((environment) => {
      const rules = lacksRules(environment) ? undefined : rulesIn(stackFiles, environment);
      return inspectCatalog(root, environment, rules);
    }),
  );
  const findings = [
    ...catalogs.flatMap((catalog) => [...catalog.findings, ...catalog.warnings]),
    ...acrossEnvironments(catalogs),
  ];
  return { catalogs, findings };
}
