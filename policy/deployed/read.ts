import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { eksKubeconfig } from "../../components/kubeconfig.ts";
import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { platformOf } from "../platform.ts";
import type { Context } from "../rule.ts";
import { committed, required } from "../../config/committed.ts";
import type { Environment } from "../../config/environments.ts";
import { engineSettings } from "../../config/stack-files.ts";
import type { Deployed } from "./audit.ts";
import { changesIn } from "./changes.ts";
import { liveKinds, liveManifests, liveObjects } from "./live.ts";
import { goneIn, unreadIn } from "./standing.ts";
import { builtInKinds, liveColumns, namedObjects, namespacedKinds } from "./undeclared.ts";
import { deployedResources, type DeployedResource } from "./state.ts";

/** Runs a program in the repository's root. @returns its standard output; rejects with its words */
export type Run = (program: "pulumi" | "kubectl", args: readonly string[]) => Promise<string>;

/** What an audit reads: of the engine, of the providers, of the cluster. Nothing is changed. */
export async function readDeployed(
  environment: Environment,
  stack: string,
  run: Run,
  say: (what: string) => void,
): Promise<{ readonly deployed: Deployed; readonly context: Context }> {
  const pulumi = async (...args: string[]): Promise<unknown> =>
    JSON.parse(await run("pulumi", [...args, "--stack", stack, "--non-interactive"]));
  say("reading the stack's state");
  const config = valuesOf(await pulumi("config", "--json"));
  const resources = deployedResources(await pulumi("stack", "export"));
  if (resources.length === 0) {
    throw new Error(`Stack ${stack} has no resources to audit. Fix: pulumi up -s ${stack}`);
  }
  say("comparing the stack with what is there");
  const drift = changesIn(await pulumi("refresh", "--preview-only", "--json"), "drift");
  say("comparing the stack with the program");
  const pending = changesIn(await pulumi("preview", "--json"), "pending");
  say("reading the cluster");
  const { objects, inNamespace } = await readObjects(
    kubeconfigOf(environment, resources, config),
    run,
  );
  return {
    deployed: {
      ...{ resources, drift, pending, inNamespace },
      objects: liveManifests(objects),
      unread: unreadIn(objects),
      gone: goneIn(objects),
    },
    context: { environment, ...platformOf(config) },
  };
}

const Config = z.record(z.string(), z.object({ value: z.string().optional() }));

/** The settings by their keys, as text; secrets have none. */
function valuesOf(config: unknown): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(Config.parse(config)).map(([key, { value }]) => [key, value]),
  );
}

const ClusterOutputs = z.object({
  name: z.string(),
  endpoint: z.string(),
  certificateAuthority: z.object({ data: z.string() }),
});

/**
 * A kubeconfig for the stack's cluster that asks the AWS CLI for a token, as the program's own does. That one is a secret
 * of the state, and this needs none.
 *
 * @throws Error when the state has no cluster
 */
function kubeconfigOf(
  environment: Environment,
  resources: readonly DeployedResource[],
  config: Readonly<Record<string, string | undefined>>,
): string {
  const cluster = resources.find(({ type }) => type === "aws:eks/cluster:Cluster");
  const outputs = ClusterOutputs.safeParse(cluster?.outputs).data;
  const settings = engineSettings(config);
  if (!outputs) {
    throw new Error("the stack's state has no EKS cluster with an endpoint. Fix: pulumi up");
  }
  return eksKubeconfig({
    clusterName: outputs.name,
    endpoint: outputs.endpoint,
    certificateAuthority: outputs.certificateAuthority.data,
    region: required({ environment, settings }, ({ aws }) => aws.region),
    profile: committed({ settings }).aws.profile,
  });
}

async function readObjects(
  kubeconfig: string,
  run: Run,
): Promise<Pick<Deployed, "objects" | "inNamespace">> {
  return inScratchFolder("audit", async (folder) => {
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubeconfig, { mode: 0o600 });
    const get = (...args: readonly string[]) =>
      run("kubectl", ["--kubeconfig", file, "get", ...args]);
    const list = async (kinds: readonly string[], where: readonly string[]) =>
      kinds.length === 0
        ? []
        : liveObjects(JSON.parse(await get(kinds.join(","), ...where, "-o", "json")));
    const { custom, ofArgoCd, namespace } = liveKinds;
    const known = (await get("customresourcedefinitions", "-o", `jsonpath=${namespacedKinds}`))
      .split("\n")
      .filter(Boolean);
    const everything = [...builtInKinds, ...known].join(",");
    const names = ["--namespace", namespace, "-o", `jsonpath=${liveColumns}`];
    return {
      objects: [
        ...(await list(
          custom.filter((kind) => known.includes(kind)),
          ["--all-namespaces"],
        )),
        ...(await list(ofArgoCd, ["--namespace", namespace])),
      ],
      inNamespace: namedObjects(await get(everything, ...names)),
    };
  });
}
