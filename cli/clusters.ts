import { join } from "node:path";
import { Option, type Command } from "commander";
import { execa, ExecaError } from "execa";
import { clusterNameOf, type Environment } from "../config/environments.ts";
import { inScratchFolder } from "../lib/scratch-folder.ts";
import { kubeconfigFile } from "../twin/cluster/applications.ts";
import { twinPaths } from "../twin/state/twin.ts";
import { parseApplicationSet } from "../components/argocd-status.ts";
import { parseApplications } from "../promotion/argocd.ts";
import type { ReadApplications, ReadApplicationSet } from "../promotion/board-clusters.ts";
import { parseUpdatedImages, type ReadUpdatedImages } from "../promotion/updated-images.ts";
import { byEnvironment, profilesOf } from "./workspace.ts";

/** Options for how to reach the clusters. */
export interface ClusterOptions {
  readonly cluster?: true;
  readonly context?: readonly string[];
  readonly profile?: readonly string[];
}

/** Adds the options of {@link ClusterOptions} to a command. */
export function withClusterOptions(command: Command): Command {
  return command
    .addOption(new Option("--cluster", "ask the clusters' Argo CDs, too"))
    .addOption(contextOption());
}

/** The option that names contexts of kubectl. */
export function contextOption(): Option {
  return new Option(
    "--context <environment=name...>",
    "kubectl context for an environment's cluster; also IDP_CONTEXT_PROD (default: aws eks update-kubeconfig makes one)",
  );
}

/** The one ApplicationSet of an environment, as kubectl's words. */
export const applicationSet = ["applicationsets.argoproj.io", "services"] as const;

const imageUpdaters = "imageupdaters.argocd-image-updater.argoproj.io";

/**
 * Runs `work` with functions that read the clusters' Applications, ApplicationSets and image updates, or with undefined
 * unless clusters are wanted. Credentials made for this are deleted afterwards.
 */
export async function withClusters<T>(
  { cluster, ...options }: ClusterOptions,
  isTwin: boolean,
  work: (
    applications?: ReadApplications,
    applicationSet?: ReadApplicationSet,
    updatedImages?: ReadUpdatedImages,
  ) => Promise<T>,
): Promise<T> {
  if (!cluster) return work();
  return withKubectl(options, isTwin, (kubectlOf) => {
    const read = async (environment: Environment, region: string, what: readonly string[]) => {
      const kubectl = await kubectlOf(environment, region);
      return JSON.parse(await kubectl(["get", ...what, "--output", "json"])) as unknown;
    };
    return work(
      async (environment, region) =>
        parseApplications(await read(environment, region, ["applications.argoproj.io"])),
      async (environment, region) =>
        parseApplicationSet(await read(environment, region, applicationSet)),
      async (environment, region) =>
        parseUpdatedImages(await read(environment, region, [imageUpdaters])),
    );
  });
}

/** Runs kubectl in Argo CD's namespace of one cluster, and returns what it printed. */
type Kubectl = (args: readonly string[]) => Promise<string>;
/** Returns {@link Kubectl} for an environment. @param region where its cluster is */
type KubectlOf = (environment: Environment, region: string) => Promise<Kubectl>;

/** Runs `work` with kubectl for the clusters. Credentials made for this are deleted afterwards. */
export async function withKubectl<T>(
  { context = [], profile = [] }: Pick<ClusterOptions, "context" | "profile">,
  isTwin: boolean,
  work: (kubectlOf: KubectlOf) => Promise<T>,
): Promise<T> {
  if (isTwin) {
    const program = join(twinPaths().bin, "kubectl");
    return work((environment) =>
      Promise.resolve(
        kubectlWith(environment, program, ["--kubeconfig", kubeconfigFile(environment)]),
      ),
    );
  }
  const contexts = byEnvironment("context", context);
  const profiles = profilesOf(profile);
  return inScratchFolder("kubeconfig", (scratch) => {
    const make = async (environment: Environment, region: string) => {
      const known = contexts[environment];
      if (known !== undefined) return kubectlWith(environment, "kubectl", ["--context", known]);
      const file = join(scratch, environment);
      await run(environment, "aws", [
        ...["eks", "update-kubeconfig", "--kubeconfig", file],
        ...["--region", region, "--name", clusterNameOf(environment)],
        ...(profiles[environment] === undefined ? [] : ["--profile", profiles[environment]]),
      ]);
      return kubectlWith(environment, "kubectl", ["--kubeconfig", file]);
    };
    const made = new Map<Environment, Promise<Kubectl>>();
    return work((environment, region) => {
      const kubectl = made.get(environment) ?? make(environment, region);
      made.set(environment, kubectl);
      return kubectl;
    });
  });
}

function kubectlWith(
  environment: Environment,
  program: string,
  options: readonly string[],
): Kubectl {
  const common = [...options, "--request-timeout", "20s", "--namespace", "argocd"];
  return (args) => run(environment, program, [...common, ...args]);
}

async function run(
  environment: Environment,
  command: string,
  args: readonly string[],
): Promise<string> {
  try {
    return (await execa(command, [...args], { stdin: "ignore" })).stdout;
  } catch (error) {
    if (!(error instanceof ExecaError)) throw error;
    const stderr: unknown = error.stderr;
    const said = typeof stderr === "string" ? stderr.trim() : "";
    throw new Error(
      `${environment}'s cluster cannot be asked: ${said === "" ? error.shortMessage : said}\nFix: make sure that kubectl get applications -n argocd works there; name its context (--context ${environment}=<name>) or the account's profile (--profile ${environment}=<name>)`,
      { cause: error },
    );
  }
}
