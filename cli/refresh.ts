import { setTimeout } from "node:timers/promises";
import { Argument, Command } from "commander";
import { parseApplicationSet } from "../components/argocd-status.ts";
import { required } from "../config/committed.ts";
import { environments, type Environment } from "../config/environments.ts";
import { parseStackFile, stackFileOf } from "../config/stack-files.ts";
import { refreshAndWait, setProblem, type Sets } from "../promotion/application-set.ts";
import { snapshot } from "../promotion/workspace.ts";
import { applicationSet, contextOption, withKubectl, type ClusterOptions } from "./clusters.ts";
import { progress } from "./progress.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

type Options = WorkspaceOptions & Pick<ClusterOptions, "context">;

/** Seconds between two looks at the ApplicationSet, and the looks before it is given up. */
const pauseSeconds = 1;
const looks = 30;

/** `idp refresh`: has an environment's Argo CD read its service files now. */
export function refreshCommand(): Command {
  return withWorkspaceOptions(new Command("refresh"))
    .addArgument(new Argument("<environment>", "whose service files").choices(environments))
    .addOption(contextOption())
    .addHelpText(
      "after",
      `
Argo CD reads the folder of service files every minute or less, and waits three minutes after a file that it could not
read. This asks it to read them now, whatever it has in its cache. It writes the annotation that a webhook writes, with your
own rights in the cluster: those to get and patch ApplicationSets in the namespace argocd. It syncs nothing. Exit code 1
when Argo CD cannot read them.

Example:
  idp refresh dev`,
    )
    .action(async (environment: Environment, options: Options) => {
      console.log(await refresh(environment, options));
    });
}

function refresh(environment: Environment, options: Options): Promise<string> {
  return inWorkspace(options, async ({ workspace, isTwin }) => {
    const { files, commit } = await snapshot(workspace.repository);
    const file = parseStackFile(environment, files.get(stackFileOf(environment)) ?? "");
    const region = required(file, ({ aws }) => aws.region);
    progress(`has ${environment}'s Argo CD read the service files`);
    const error = await withKubectl(options, isTwin, async (kubectlOf) =>
      refreshAndWait(setsBy(await kubectlOf(environment, region)), new Date().toISOString(), {
        pause: () => setTimeout(pauseSeconds * 1000),
        looks,
      }),
    );
    if (error !== undefined) throw new Error(setProblem(environment, error, files));
    return `${environment}'s Argo CD has read the service files at ${commit.slice(0, 7)} or newer`;
  });
}

function setsBy(kubectl: (args: readonly string[]) => Promise<string>): Sets {
  return {
    read: async () =>
      parseApplicationSet(
        JSON.parse(await kubectl(["get", ...applicationSet, "--output", "json"])),
      ),
    patch: async (patch) => {
      await kubectl([
        "patch",
        ...applicationSet,
        "--type",
        "merge",
        "--patch",
        JSON.stringify(patch),
      ]);
    },
  };
}
