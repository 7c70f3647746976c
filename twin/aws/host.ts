import type { ClusterInfo, ClusterKey } from "../cluster/cluster.ts";
import type { ControlPlaneRequest } from "../cluster/control-plane.ts";

/** Starts and stops the clusters of an account. It is passed in so that tests of the double start no cluster. */
export interface ControlPlanes {
  /** Starts a cluster's control plane unless it runs already. Calls `onProgress` with each step. */
  readonly ensure: (
    request: ControlPlaneRequest,
    onProgress: (step: string) => void,
  ) => Promise<Pick<ClusterInfo, "endpoint" | "certificateAuthority">>;
  /** Stops a cluster's control plane and removes its data. */
  readonly delete: (key: ClusterKey) => Promise<void>;
}

/** What the serving process provides to a resource type. */
export interface Host {
  readonly controlPlanes: ControlPlanes;
  /** Prints a message next to the resource. */
  readonly log: (text: string) => void;
}

/** Returns the cluster's address once its control plane runs. Logs every few seconds how long that has taken. */
export async function startCluster(
  request: ControlPlaneRequest,
  { controlPlanes, log }: Host,
): Promise<Pick<ClusterInfo, "endpoint" | "certificateAuthority">> {
  const started = Date.now();
  const seconds = (): number => Math.round((Date.now() - started) / 1000);
  let step = "starting etcd and the API server";
  log(step);
  const timer = setInterval(() => {
    log(`${step} (${seconds()} s)`);
  }, 3000);
  try {
    const info = await controlPlanes.ensure(request, (message) => {
      step = message;
      log(`${step} (${seconds()} s)`);
    });
    log(`control plane ready after ${seconds()} s`);
    return info;
  } finally {
    clearInterval(timer);
  }
}
