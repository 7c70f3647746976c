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
import { twinAccounts } from "../state/twin.ts";

/** Kubeconfig of the administrator of an environment's cluster. */
export function kubeconfigFile(environment: Environment): string {
  const { accountId } = twinAccounts[environment];
  return `${clusterDir({ accountId, name: clusterNameOf(environment) })}/kubeconfig`;
}

const applicationsPath = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

/** One service as one environment's Argo CD sees it. */
export interface ServiceStatus {
  readonly service: string;
  readonly environment: Environment;
  /** Tag of the image that runs; empty when none does. */
  readonly tag: string;
  /** Tag that git asks for; empty when the service has no (valid) file. */
  readonly wanted: string;
  /** As Argo CD says it, `Missing` when there is no Application. */
  readonly sync: string;
  /** As Argo CD says it. */
  readonly health: string;
  /** Why not, when Argo CD gives a reason. */
  readonly message: string;
}

/** Whether a service is as git wants it. */
export function isSettled({ sync, health, tag, wanted }: ServiceStatus): boolean {
  return sync === "Synced" && health === "Healthy" && tag === wanted;
}

/**
 * The services that git names, and what the Argo CDs say of them; Applications without a file too. Sorted by service,
 * then environment. A cluster that does not answer counts as one without Applications.
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
      ),
    )
    .sort((a, b) => compare(a.service, b.service) || order(a.environment) - order(b.environment));
}

/** One environment's services side by side with its Applications. */
export function statusesOf(
  environment: Environment,
  services: readonly NamedService[],
  applications: readonly Application[],
): ServiceStatus[] {
  const names = new Set([
    ...services.map(({ name }) => name),
    ...applications.map(({ metadata }) => metadata.name),
  ]);
  return [...names].map((service) => {
    const file = services.find(({ name }) => name === service);
    const application = applications.find(({ metadata }) => metadata.name === service);
    const { images, ...said } = deployedBy(application);
    const image = images[0] ?? "";
    return {
      service,
      environment,
      tag: image.includes(":") ? image.slice(image.lastIndexOf(":") + 1) : "",
      wanted: file?.tag ?? "",
      ...said,
    };
  });
}

/**
 * Syncs an Application as a person does: asks its Argo CD for one sync operation now, with the operator's own
 * Kubernetes credentials. It is what `argocd app sync` writes in the end, without a login to hand around.
 */
export async function syncApplication(environment: Environment, name: string): Promise<void> {
  await withApi(environment, async (api) => {
    const { spec } = parseApplication(await api.get(`${applicationsPath}/${name}`));
    const operation = {
      initiatedBy: { username: "operator" },
      info: [{ name: "Reason", value: "idp twin up" }],
      sync: { syncOptions: spec.syncPolicy?.syncOptions ?? [] },
      ...(spec.syncPolicy?.retry !== undefined && { retry: spec.syncPolicy.retry }),
    };
    await api.patch(`${applicationsPath}/${name}`, { operation }, "merge-patch");
  });
}

/**
 * Gives an environment's Argo CD credentials for the twin's repository, as a person adds a repository to it: Image
 * Updater pushes with these and refuses without. On AWS they are the GitHub App's (setting `idp:githubApp`); the twin's
 * git server asks for none: any will do.
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

/** The table that `up` ends with and `status` shows. */
export function statusTable(statuses: readonly ServiceStatus[]): string[] {
  return tableLines([
    ["SERVICE", "ENVIRONMENT", "IMAGE", "SYNC", "HEALTH"],
    ...statuses.map(({ service, environment, tag, wanted, sync, health }) => [
      service,
      environment,
      tag === wanted || wanted === "" ? tag || "-" : `${tag || "-"} (git: ${wanted})`,
      sync,
      health,
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
