import { Option, type Command } from "commander";
import { execa } from "execa";
import { committed } from "../config/committed.ts";
import { environments, isEnvironment, type Environment } from "../config/environments.ts";
import { readStackFile } from "../config/stack-files.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { UsageError } from "../lib/usage-error.ts";
import { inTwinWorkspace, twinWorkspace } from "../twin/git/workspace.ts";
import { readTwin, repositoryUrl, requireTwin, twinPaths } from "../twin/state/twin.ts";
import type { Workspace } from "../promotion/workspace.ts";
import { Repository } from "../promotion/repository.ts";
import { progress } from "./progress.ts";

/** Options for where to work. */
export interface WorkspaceOptions {
  readonly twin?: true;
  readonly repository?: string;
  readonly profile?: readonly string[];
}

/** Adds the options of {@link WorkspaceOptions} to a command. */
export function withWorkspaceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--twin",
        "work on the twin; also when IDP_TWIN is set or origin is the twin's git",
      ),
    )
    .addOption(new Option("--repository <folder>", "clone to work through (default: this one)"))
    .addOption(
      new Option(
        "--profile <environment=name...>",
        "AWS profile of an environment's account, such as prod=acme-prod; also IDP_PROFILE_PROD",
      ),
    );
}

/** Where to work. */
export interface Where {
  readonly workspace: Workspace;
  /** Whether it is the twin. */
  readonly isTwin: boolean;
}

/**
 * Finds out where to work, says so on standard error, and runs the work. If the twin's repository has no clone at hand,
 * a temporary one is made.
 */
export async function inWorkspace<T>(
  options: WorkspaceOptions,
  work: (where: Where) => Promise<T>,
): Promise<T> {
  const here = options.repository ?? process.cwd();
  const origin = await originOf(here);
  const known = readTwin();
  const isTwinsClone = known !== undefined && origin === repositoryUrl(known);
  const isTwin = options.twin === true || Boolean(process.env["IDP_TWIN"]) || isTwinsClone;
  if (!isTwin) {
    progress("on AWS");
    const profiles = profilesOf(options.profile ?? []);
    const repository = await Repository.open(here, {
      branch: committedBranch(),
      onWait: (address) => {
        progress(`waiting for ${address}, which has not answered yet; git gives up after a minute`);
      },
    });
    const registryOf = async (environment: Environment, host: string) => {
      // The SDK is loaded only when AWS is used.
      const { ecrRegistry } = await import("../promotion/ecr.ts");
      return ecrRegistry(environment, host, profiles[environment]);
    };
    return work({ workspace: { repository, registryOf }, isTwin });
  }
  const twin = requireTwin();
  progress(`on the twin in ${twinPaths().state}`);
  if (options.repository !== undefined || isTwinsClone) {
    return work({ workspace: await twinWorkspace(twin, here), isTwin });
  }
  return inTwinWorkspace(twin, (workspace) => work({ workspace, isTwin }));
}

async function originOf(directory: string): Promise<string | undefined> {
  const args = ["-C", directory, "remote", "get-url", "origin"];
  const { stdout, failed } = await execa("git", args, { reject: false });
  return failed ? undefined : stdout;
}

/** The branch that Argo CD watches, from this repository's settings. */
function committedBranch(): string {
  const file = readStackFile(repositoryRoot, "dev");
  return (file && committed(file).repository.branch) ?? "main";
}

/** Returns the AWS profiles by environment, from words such as `prod=acme`, else from IDP_PROFILE_<ENVIRONMENT>. */
export function profilesOf(
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Partial<Record<Environment, string>> {
  return byEnvironment("profile", words, env);
}

/**
 * Returns an option's values by environment, from words of the form `<environment>=<name>`, else from
 * `IDP_<OPTION>_<ENVIRONMENT>`.
 * @throws UsageError that names a word of another form
 */
export function byEnvironment(
  option: "profile" | "context",
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Partial<Record<Environment, string>> {
  const names: Partial<Record<Environment, string>> = {};
  for (const environment of environments) {
    const name = env[`IDP_${option.toUpperCase()}_${environment.toUpperCase()}`];
    if (name) names[environment] = name;
  }
  for (const word of words) {
    const [environment = "", name = ""] = word.split(/=(.*)/s);
    if (!isEnvironment(environment) || name === "") {
      throw new UsageError(
        `--${option} ${word}: must be <environment>=<name of a ${option}>, with one of ${environments.join(", ")}`,
      );
    }
    names[environment] = name;
  }
  return names;
}
