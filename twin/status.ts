import { tableLines } from "../lib/table.ts";
import {
  serviceStatuses,
  isSettled,
  kubeconfigFile,
  statusTable,
  type ServiceStatus,
} from "./cluster/applications.ts";
import { listClusters, readCluster } from "./cluster/cluster.ts";
import { ingressAddress } from "./cluster/service-addresses.ts";
import { namedServices } from "./images/images.ts";
import { listProcesses } from "./process/processes.ts";
import { environments } from "../config/environments.ts";
import { registryUrl, repositoryUrl, requireTwin, twinAccounts, twinPaths } from "./state/twin.ts";

/** The state of the twin, for people and programs. */
export interface TwinStatus {
  readonly directory: string;
  readonly repository: string;
  readonly accounts: readonly {
    readonly environment: string;
    readonly accountId: string;
    readonly registry: string;
    /** Where Ingresses answer, by the header Host; undefined where services are simulated. */
    readonly ingress?: string;
    /** Undefined until the stack has created it. */
    readonly cluster?: {
      readonly name: string;
      readonly endpoint: string;
      readonly kubeconfig: string;
    };
  }[];
  readonly processes: readonly {
    readonly name: string;
    readonly pid: number;
    readonly running: boolean;
  }[];
  readonly services: readonly ServiceStatus[];
}

/**
 * Returns the current state of the twin's accounts, processes and services.
 * @throws Error if there is no twin
 */
export async function twinStatus(): Promise<TwinStatus> {
  const paths = twinPaths();
  const twin = requireTwin(paths);
  const clusters = listClusters();
  const services = await namedServices(paths.repository).catch(() => []);
  return {
    directory: paths.state,
    repository: repositoryUrl(twin),
    accounts: environments.map((environment) => {
      const { accountId } = twinAccounts[environment];
      const cluster = clusters.find((candidate) => candidate.accountId === accountId);
      const info = cluster && readCluster(accountId, cluster.name);
      const ingress = ingressAddress(environment);
      return {
        environment,
        accountId,
        registry: registryUrl(twin, environment),
        ...(ingress !== undefined && { ingress }),
        ...(cluster &&
          info && {
            cluster: {
              name: cluster.name,
              endpoint: info.endpoint,
              kubeconfig: kubeconfigFile(environment),
            },
          }),
      };
    }),
    processes: listProcesses().map(({ name, pid, running }) => ({ name, pid, running })),
    services: await serviceStatuses(services),
  };
}

/** Whether everything that should run is running, and every service runs as git describes it. */
export function isGood({ processes, services }: TwinStatus): boolean {
  return (
    processes.every(({ running }) => running) && services.length > 0 && services.every(isSettled)
  );
}

/** Returns the lines that show the status to people. */
export function statusLines(status: TwinStatus): string[] {
  const dead = status.processes.filter(({ running }) => !running);
  return [
    ...tableLines([
      ["ENVIRONMENT", "ACCOUNT", "CLUSTER", "API SERVER", "REGISTRY", "INGRESSES"],
      ...status.accounts.map(({ environment, accountId, registry, cluster, ingress }) => [
        environment,
        accountId,
        cluster?.name ?? "-",
        cluster?.endpoint ?? "-",
        registry,
        ingress ?? "-",
      ]),
    ]),
    "",
    `git         ${status.repository}`,
    `directory   ${status.directory}`,
    `processes   ${status.processes.length - dead.length} of ${status.processes.length} run`,
    ...dead.map(
      ({ name }) => `  not running: ${name} (see: idp twin logs ${name}; fix: idp twin up)`,
    ),
    "",
    ...statusTable(status.services),
    ...status.services
      .filter((service) => service.message !== "" && !isSettled(service))
      .map(({ environment, service, message }) => `${environment}/${service}: ${message}`),
  ];
}
