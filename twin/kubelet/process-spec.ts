import { join } from "node:path";
import type { ProcessSpec } from "../process/processes.ts";
import { PodConfigError } from "./pod.ts";
import type { Container, Pod, Sources } from "./pod.ts";
import { expand, podEnvironment } from "./pod-environment.ts";
import { containerPaths, pathRewriter } from "./pod-volumes.ts";
import { socketPlaceholder } from "../cluster/workloads.ts";
import type { Workload } from "../cluster/workloads.ts";

/** Everything that decides how a container's process is started. */
export interface ProcessPlan {
  readonly pod: Pod;
  readonly container: Container;
  readonly workload: Workload;
  readonly sources: Sources;
  /** Name of the process. */
  readonly name: string;
  /** Absolute path of the program. */
  readonly command: string;
  /** PATH of the process: its helpers (git, helm) are called by name. */
  readonly path: string;
  /** Folder that stands for the container's root. */
  readonly root: string;
  /** Path of a socket that the program may make. */
  readonly socket: string;
  /** This machine's port by container port. */
  readonly ports: Readonly<Record<string, number>>;
  /** Addresses on this machine of the Services in {@link serviceAddresses}, by variable. */
  readonly services: Readonly<Record<string, string>>;
  /** URL of the API server. */
  readonly endpoint: string;
  /** Variables that give the Pod its AWS credentials. */
  readonly credentials: Readonly<Record<string, string>>;
  /** File with the service account's access to the API server; undefined where no token is mounted. */
  readonly kubeconfig: string | undefined;
}

/**
 * The process that runs a container.
 * @throws PodConfigError when a source of a variable does not exist (yet)
 */
export function processSpec(plan: ProcessPlan): ProcessSpec {
  const { pod, container, workload, root, socket, ports, services } = plan;
  const rewrite = rootRewriter(container, workload, root);
  const variables = podEnvironment(container, plan.sources);
  const environment: Record<string, string> = {
    PATH: plan.path,
    HOME: join(root, "root"),
    TMPDIR: join(root, "tmp"),
    KUBERNETES_SERVICE_HOST: "127.0.0.1",
    KUBERNETES_SERVICE_PORT: new URL(plan.endpoint).port,
    ...plan.credentials,
    ...mapValues({ ...workload.environment, ...variables }, rewrite),
    ...(plan.kubeconfig === undefined ? {} : { KUBECONFIG: plan.kubeconfig }),
    ...services,
    ...mapValues(workload.aliases ?? {}, (from) => variables[from] ?? ""),
  };
  const listenArguments = workload.listenArguments(
    (port) => localPort(ports, container, port),
    pod.metadata.namespace,
  );
  const args = [
    ...podArguments(container, workload).map((argument) => expand(argument, variables)),
    ...listenArguments,
  ];
  return {
    name: plan.name,
    command: plan.command,
    args: args.map(rewrite),
    env: mapValues(environment, (value) => value.replaceAll(socketPlaceholder, socket)),
    cwd: root,
  };
}

/**
 * The addresses of Services that the program is told, by variable: the Pod's own, else what the program takes by itself.
 * @throws PodConfigError when a source of a variable does not exist (yet)
 */
export function serviceAddresses(
  container: Container,
  workload: Workload,
  sources: Sources,
): Record<string, string> {
  const variables = podEnvironment(container, sources);
  return Object.fromEntries(
    Object.entries(workload.serviceVariables ?? {}).map(([name, address]) => [
      name,
      variables[name] || address,
    ]),
  );
}

/** The folders that a container's image has and its process needs, as the container names them. */
export function imageFolders({ imageFolders: folders = [] }: Workload): string[] {
  return [...folders, "/tmp"];
}

/** The function that turns the container's paths into paths below `root`, wherever they stand in a text. */
export function rootRewriter(
  container: Container,
  workload: Workload,
  root: string,
): (text: string) => string {
  return pathRewriter(containerPaths(container, imageFolders(workload)), root);
}

/**
 * This machine's port for a container port.
 * @throws PodConfigError for a port that the container's program is not known to listen on
 */
export function localPort(
  ports: Readonly<Record<string, number>>,
  { name }: Container,
  port: number,
): number {
  const local = ports[port];
  if (local === undefined) {
    throw new PodConfigError(`container ${name}: the twin does not play its port ${port}`);
  }
  return local;
}

/** What of the Pod's command line the program gets. */
function podArguments({ command = [], args = [] }: Container, { podCommand }: Workload): string[] {
  const all = [...command, ...args];
  switch (podCommand) {
    case "program and arguments":
      return all.slice(1);
    case "arguments":
      return all;
    case "for another program":
      return [];
  }
}

function mapValues(
  record: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
