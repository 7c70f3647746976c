import { Argument, Command, Option } from "commander";
import { environments, isEnvironment, type Environment } from "../config/environments.ts";
import { hold, rollback, unhold, type Held } from "../promotion/hold.ts";
import type { Workspace } from "../promotion/workspace.ts";
import type { Published } from "../promotion/publish.ts";
import { exitCodes } from "./exit-codes.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

type Options = WorkspaceOptions & { readonly json?: true };

/** `idp hold`: stops image updates of a service until the hold is lifted. */
export function holdCommand(): Command {
  return targetCommand("hold")
    .addOption(new Option("--reason <text>", "why, for whoever reads the file").default("held"))
    .action(
      (
        service: string,
        environment: string,
        { reason, ...options }: Options & { reason: string },
      ) =>
        run(options, environment, (workspace, target) =>
          hold(workspace, { ...target, service, reason }),
        ),
    );
}

/** `idp unhold`: lets image updates of a service go on. */
export function unholdCommand(): Command {
  return targetCommand("unhold").action((service: string, environment: string, options: Options) =>
    run(options, environment, (workspace, target) => unhold(workspace, { ...target, service })),
  );
}

/** `idp rollback`: puts a service back to an earlier tag and holds it there. */
export function rollbackCommand(): Command {
  return targetCommand("rollback")
    .addOption(
      new Option("--to <tag>", "tag to go back to (default: the one before the present one)"),
    )
    .addOption(
      new Option("--reason <text>", "why, for whoever reads the file").default("rolled back"),
    )
    .addHelpText(
      "after",
      '\nA file that is not valid gets its last valid text back, held at the tag that it named.\nExample: idp rollback time-service staging --to v1.1.0 --reason "v1.2.0 leaks memory"',
    )
    .action(
      (
        service: string,
        environment: string,
        { to, reason, ...options }: Options & { to?: string; reason: string },
      ) =>
        run(options, environment, (workspace, target) =>
          rollback(workspace, { ...target, service, to, reason }),
        ),
    );
}

function targetCommand(name: string): Command {
  return withWorkspaceOptions(new Command(name))
    .argument("<service>", "name of the service")
    .addArgument(new Argument("<environment>", "where").choices(environments))
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText("after", `\n${exitCodes}`);
}

async function run(
  { json, ...options }: Options,
  environment: string,
  work: (
    workspace: Workspace,
    target: { environment: Environment },
  ) => Promise<Published & Partial<Pick<Held, "openPromotions">>>,
): Promise<void> {
  // Commander has already refused any other word.
  if (!isEnvironment(environment)) return;
  const published = await inWorkspace(options, ({ workspace }) => work(workspace, { environment }));
  const lines = [...publishedLines(published), ...openLines(published.openPromotions ?? [])];
  console.log(json ? JSON.stringify(published, null, 2) : lines.join("\n"));
}

/** Returns the promotions that staging no longer stands for, as lines for a person. */
export function openLines(open: Held["openPromotions"]): string[] {
  return open.map(
    ({ branch, version, close }) =>
      `Open: ${branch} would still bring ${version} to prod. To close it: ${close}`,
  );
}

/** Returns the outcome for a service file as lines for a person. */
export function publishedLines(published: Published): string[] {
  const { service, environment, before, tag, hold: reason, commit, branch } = published;
  const state = `${service} in ${environment}: ${before === tag ? tag : `${before} -> ${tag}`}, ${reason === null ? "not held" : `held: ${reason}`}`;
  if (commit === null) return [`${state}; it already was, nothing changed`];
  return branch === null
    ? [`${state} (commit ${commit.slice(0, 7)})`]
    : [
        `${state} (commit ${commit.slice(0, 7)} on branch ${branch})`,
        `Next: merge ${branch} with a pull request; then a person syncs ${service} in ${environment}`,
      ];
}
