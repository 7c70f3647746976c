import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { setTimeout } from "node:timers/promises";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { required } from "../config/committed.ts";
import { environments, type Environment } from "../config/environments.ts";
import { parseStackFile, stackFileOf } from "../config/stack-files.ts";
import { parseApplication } from "../promotion/argocd.ts";
import { requireService } from "../promotion/require-service.ts";
import { syncAndWait, type Applications, type Synced } from "../promotion/sync.ts";
import { snapshot } from "../promotion/workspace.ts";
import { contextOption, withKubectl, type ClusterOptions } from "./clusters.ts";
import { progress } from "./progress.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

type Options = WorkspaceOptions &
  Pick<ClusterOptions, "context"> & {
    readonly expect?: string;
    readonly prune?: true;
    readonly timeout: number;
  };

/** Seconds between two looks at the Application. */
const pauseSeconds = 2;

/** `idp sync`: has Argo CD sync a service to what git says, and waits for it. */
export function syncCommand(): Command {
  return withWorkspaceOptions(new Command("sync"))
    .argument("<service>", "name of the service")
    .addArgument(new Argument("[environment]", "where").choices(environments).default("prod"))
    .addOption(new Option("--expect <tag>", "refuse unless this is the tag on the deployed branch"))
    .addOption(new Option("--prune", "delete what git no longer has"))
    .addOption(
      new Option("--timeout <seconds>", "how long to wait for a healthy service")
        .argParser(secondsOf)
        .default(600),
    )
    .addOption(contextOption())
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      `
It writes the operation that argocd app sync writes, with your own rights in the cluster and no login to Argo CD: those to
get and patch Applications in the namespace argocd. Exit code 1 when the sync fails, or the service is not healthy in time.

Examples:
  idp sync time-service
  idp sync time-service --expect v1.2.3 --prune`,
    )
    .action(
      async (
        service: string,
        environment: Environment,
        { json, ...options }: Options & { json?: true },
      ) => {
        const synced = await sync(service, environment, options);
        console.log(json ? JSON.stringify(synced, null, 2) : lineOf(synced));
      },
    );
}

interface Outcome extends Synced {
  readonly service: string;
  readonly environment: Environment;
  /** The service's tag at the commit. */
  readonly tag: string;
  /** The commit that it was synced to. */
  readonly commit: string;
}

function sync(service: string, environment: Environment, options: Options): Promise<Outcome> {
  return inWorkspace(options, async ({ workspace, isTwin }) => {
    const now = await snapshot(workspace.repository);
    const { commit, files } = now;
    const { tag } = await requireService(workspace.repository, now, environment, service);
    if (options.expect !== undefined && options.expect !== tag) {
      throw new Error(
        `${service} in ${environment} is ${tag} on ${workspace.repository.branch} (${commit.slice(0, 7)}), and ${options.expect} was expected. Nothing was changed. Fix: merge the promotion first, or name ${tag}`,
      );
    }
    const file = parseStackFile(environment, files.get(stackFileOf(environment)) ?? "");
    const region = required(file, ({ aws }) => aws.region);
    progress(`syncing ${service} in ${environment} to ${tag} (${commit.slice(0, 7)})`);
    const request = {
      id: randomUUID(),
      by: nameOf(process.env),
      revision: commit,
      prune: options.prune === true,
    };
    const synced = await withKubectl(options, isTwin, async (kubectlOf) =>
      syncAndWait(applicationsBy(await kubectlOf(environment, region)), service, request, {
        pause: () => setTimeout(pauseSeconds * 1000),
        looks: Math.ceil(options.timeout / pauseSeconds),
        say: progress,
      }),
    );
    return { service, environment, tag, commit, ...synced };
  });
}

/** Returns the Applications that kubectl reaches. */
export function applicationsBy(
  kubectl: (args: readonly string[]) => Promise<string>,
): Applications {
  const kind = "applications.argoproj.io";
  return {
    read: async (name) => {
      const text = await kubectl(["get", kind, name, "--ignore-not-found", "--output", "json"]);
      return text === "" ? undefined : parseApplication(JSON.parse(text));
    },
    patch: async (name, patch) => {
      await kubectl(["patch", kind, name, "--type", "merge", "--patch", JSON.stringify(patch)]);
    },
  };
}

/** Returns who asks: the person who started the job, or the user of this machine. */
function nameOf(env: NodeJS.ProcessEnv): string {
  const { GITHUB_ACTOR: actor, GITHUB_RUN_ID: run } = env;
  return actor ? `${actor} by run ${run ?? ""} of GitHub Actions` : userInfo().username;
}

function lineOf({ service, environment, tag, commit, sync: state, health }: Outcome): string {
  const left =
    state === "Synced"
      ? ""
      : "; something of git is not there: --prune deletes what git no longer has, idp status says the rest";
  return `${service} in ${environment}: ${tag} (${commit.slice(0, 7)}), ${state}, ${health}${left}`;
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1) {
    throw new InvalidArgumentError("must be a whole number of seconds, 1 or more, such as 600");
  }
  return seconds;
}
