import { imageOf } from "../catalog/schema.ts";
import type { ApplicationSet } from "../components/argocd-status.ts";
import type { Environment } from "../config/environments.ts";
import { deployedBy, leftBy, type Application, type Deployed } from "./argocd.ts";
import { byServiceAndEnvironment, type BoardCluster, type Stray } from "./board.ts";
import type { CachedRegistry } from "./cached-registry.ts";

/** Reads an environment's Applications. @param region where its cluster is */
export type ReadApplications = (
  environment: Environment,
  region: string,
) => Promise<readonly Application[]>;

/** Reads what makes an environment's Applications. @param region where its cluster is */
export type ReadApplicationSet = (
  environment: Environment,
  region: string,
) => Promise<ApplicationSet>;

/** An environment's Applications, and the registry that holds their images. */
export interface ClusterView {
  readonly environment: Environment;
  /** Undefined when it cannot be read. */
  readonly registry: CachedRegistry | undefined;
  /** By name; undefined when they were not asked for or could not be read. */
  readonly applications: ReadonlyMap<string, Application> | undefined;
}

/** Returns the Applications without a service file, in the board's order. */
export async function straysOf(
  files: readonly { readonly environment: Environment; readonly service: string }[],
  views: readonly ClusterView[],
): Promise<Stray[]> {
  const found = await Promise.all(
    views.flatMap((view) => {
      const { environment, applications = new Map<string, Application>() } = view;
      const known = files.filter((file) => file.environment === environment);
      return [...applications]
        .filter(([name]) => !known.some(({ service }) => service === name))
        .map(async ([service, application]) => {
          const cluster = await withDigests(leftBy(application), view);
          return { service, environment, cluster };
        });
    }),
  );
  return found.sort(byServiceAndEnvironment);
}

/** Returns what an environment's Argo CD reports about a service; null when it gave no answer. */
export async function clusterOf(service: string, view: ClusterView): Promise<BoardCluster | null> {
  const { environment, applications } = view;
  if (applications === undefined) return null;
  return withDigests(deployedBy(applications.get(service), environment), view);
}

async function withDigests(
  { images, ...said }: Deployed,
  { registry }: ClusterView,
): Promise<BoardCluster> {
  const digestOf = (image: string, tag: string) =>
    registry?.image(image, tag).then(
      (found) => found?.digest ?? null,
      // The row or the board already reports the registry's failure.
      () => null,
    );
  return {
    ...said,
    images: await Promise.all(
      images.map(async (whole) => {
        const colon = whole.lastIndexOf(":");
        const { name: image } = imageOf(whole.slice(0, colon));
        const tag = whole.slice(colon + 1);
        return { image, tag, digest: (await digestOf(image, tag)) ?? null };
      }),
    ),
  };
}
