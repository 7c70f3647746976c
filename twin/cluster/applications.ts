import { tableLines } from "../../lib/table.ts";
import { clusterNameOf, environments, type Environment } from "../../config/environments.ts";
import { clusterDir, readCluster } from "./cluster.ts";
import { KubeApi } from "./kube-api.ts";
import {
  deployedBy,
  parseApplication,
  parseApplications,
  type Application,
} from "../../promotion/argocd.ts";
import type { NamedService } from "../../promotion/services.ts";
import { syncOperation } from "../../promotion/sync.ts";
import { twinAccounts } from "../state/twin.ts";
import { serviceAddresses } from "./service-addresses.ts";

/** Returns the path of the administrator's kubeconfig for an environment's cluster. */
export function kubeconfigFile(environment: Environment): string {
  const { accountId } = twinAccounts[environment];
  return `${clusterDir({ accountId, name: clusterNameOf(environment) })}/kubeconfig`;
}

const applicationsPath = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

/** The status of one service in one environment, as its Argo CD reports it. */
export interface ServiceStatus {
  readonly service: string;
  readonly environment: Environment;
  /** Tag of the running image; empty if none runs. */
  readonly tag: string;
  /** Tag that git asks for; empty if the service has no valid file. */
  readonly wanted: string;
  /** Argo CD's sync status, or `Missing` if there is no Application. */
  readonly sync: string;
  /** Argo CD's health status. */
  readonly health: string;
  /** Argo CD's reason for a problem, if it gives one. */
  readonly message: string;
  /** Where it answers on this machine; empty if its Pods are simulated. */
  readonly address: string;
}

/** Whether a service runs as git describes it. */
export function isSettled({ sync, health, tag, wanted }: ServiceStatus): boolean {
  return sync === "Synced" && health === "Healthy" && tag === wanted;
}

/**
 * Returns the status of every service that git names or that has an Application, sorted by service, then environment. A
 * cluster that does not answer counts as one without Applications.
 */
export async function serviceStatuses(services: readonly NamedService[]): Promise<ServiceStatus[]> {
  const found = await Promise.all(
    environments.map(async (environment) => ({
      environment,
      applications: await applicationsOf(environment).catch(() => []),
    })),
  );
  return found
    .flatMap(({ environment, applications }) =>
      statusesOf(
        environment,
        services.filter((service) => service.environment === environment),
        applications,
        serviceAddresses(environment),
      ),
    )
    .sort((a, b) => compare(a.service, b.service) || order(a.environment) - order(b.environment));
}

/**
 * Returns the statuses of one environment's services, from git's files and Argo CD's Applications.
 * @param addresses where services answer, by name
 */
export function statusesOf(
  environment: Environment,
  services: readonly NamedService[],
  applications: readonly Application[],
  addresses: ReadonlyMap<string, string>,
): ServiceStatus[] {
  const names = new Set([
    ...services.map(({ name }) => name),
    ...applications.map(({ metadata }) => metadata.name),
  ]);
  return [...names].map((service) => {
    const file = services.find(({ name }) => name === service);
    const application = applications.find(({ metadata }) => metadata.name === service);
    const { images, ...said } = deployedBy(application, environment);
    const image = images[0] ?? "";
    return {
      service,
      environment,
      tag: image.includes(":") ? image.slice(image.lastIndexOf(":") + 1) : "",
      wanted: file?.tag ?? "",
      ...said,
      address: addresses.get(service) ?? "",
    };
  });
}

/**
 * Syncs an Application as a person would: asks its Argo CD for one sync operation, with the operator's own Kubernetes
 * credentials. It writes the same field as `argocd app sync` but needs no Argo CD login.
 */
export async function syncApplication(environment: Environment, name: string): Promise<void> {
  await withApi(environment, async (api) => {
    const application = parseApplication(await api.get(`${applicationsPath}/${name}`));
    const operation = syncOperation(application, { id: "idp twin up", by: "operator" });
    await api.patch(`${applicationsPath}/${name}`, { operation }, "merge-patch");
  });
}

/**
 * Adds the twin's repository, with credentials, to an environment's Argo CD. Image Updater pushes with these credentials
 * and refuses to push without any. On AWS it has a GitHub App (setting `idp:images.writer`). The twin's git server checks
 * none, and so any value will do.
 */
export async function addRepository(environment: Environment, url: string): Promise<void> {
  const name = "twin-repository";
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, labels: { "argocd.argoproj.io/secret-type": "repository" } },
    stringData: { type: "git", url, username: "idp", password: "twin" },
  };
  await withApi(environment, (api) =>
    api.patch(
      `/api/v1/namespaces/argocd/secrets/${name}?fieldManager=idp-twin&force=true`,
      secret,
      "apply-patch",
    ),
  );
}

/** Returns the table that `up` prints last and `status` shows. */
export function statusTable(statuses: readonly ServiceStatus[]): string[] {
  return tableLines([
    ["SERVICE", "ENVIRONMENT", "IMAGE", "SYNC", "HEALTH", "ADDRESS"],
    ...statuses.map(({ service, environment, tag, wanted, sync, health, address }) => [
      service,
      environment,
      tag === wanted || wanted === "" ? tag || "-" : `${tag || "-"} (git: ${wanted})`,
      sync,
      health,
      address || "-",
    ]),
  ]);
}

async function applicationsOf(environment: Environment): Promise<Application[]> {
  return withApi(environment, async (api) => parseApplications(await api.get(applicationsPath)));
}

async function withApi<T>(
  environment: Environment,
  work: (api: KubeApi) => Promise<T>,
): Promise<T> {
  const { accountId } = twinAccounts[environment];
  const info = readCluster(accountId, clusterNameOf(environment));
  if (info === undefined) {
    throw new Error(`${environment} has no cluster yet. Fix: idp twin up`);
  }
  const api = new KubeApi(info);
  try {
    return await work(api);
  } finally {
    api.close();
  }
}

function order(environment: Environment): number {
  return environments.indexOf(environment);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
