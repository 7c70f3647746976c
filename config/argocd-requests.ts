import type { Settings } from "./schema.ts";

/**
 * What Argo CD's and Image Updater's containers ask their node for. The releases ask for nothing in Argo CD's, which makes
 * its Pods the first to be evicted and Auto Mode size nodes as if they were not there.
 *
 * The numbers are starting points for a few dozen Applications, not measurements: compare them with
 * `kubectl top pods -n argocd --containers`. There is no limit: memory grows with what Argo CD manages, and one that nobody
 * measured would kill the controller in the middle of a sync. Image Updater's release brings its own request and limit.
 */

/** CPU in thousandths of a vCPU, memory in MiB. */
export interface Requests {
  readonly cpu: number;
  readonly memory: number;
}

const small: Requests = { cpu: 10, memory: 32 };

/** Requests by the name of a container, init containers included. */
export const containerRequests: Readonly<Record<string, Requests>> = {
  "argocd-application-controller": { cpu: 250, memory: 512 },
  "argocd-applicationset-controller": { cpu: 50, memory: 128 },
  "argocd-notifications-controller": { cpu: 25, memory: 64 },
  "argocd-repo-server": { cpu: 100, memory: 256 },
  "argocd-server": { cpu: 50, memory: 128 },
  dex: { cpu: 10, memory: 64 },
  haproxy: { cpu: 50, memory: 64 },
  redis: { cpu: 50, memory: 64 },
  sentinel: small,
  "split-brain-fix": small,
  // They are done before the others start, and ask for less than those do.
  "config-init": small,
  copyutil: small,
  "secret-init": small,
};

/** Containers that run, without init containers, and how many of each: as the release has them. */
const running = {
  plain: {
    "argocd-application-controller": 1,
    "argocd-applicationset-controller": 1,
    "argocd-notifications-controller": 1,
    "argocd-repo-server": 1,
    "argocd-server": 1,
    dex: 1,
    redis: 1,
  },
  highlyAvailable: {
    "argocd-application-controller": 1,
    "argocd-applicationset-controller": 1,
    "argocd-notifications-controller": 1,
    "argocd-repo-server": 2,
    "argocd-server": 2,
    dex: 1,
    haproxy: 3,
    redis: 3,
    sentinel: 3,
    "split-brain-fix": 3,
  },
} as const;

/** What Image Updater's only container asks for in its release. */
const imageUpdater: Requests = { cpu: 250, memory: 512 };

/** Returns what the Pods of Argo CD, and of Image Updater where it is installed, ask their nodes for together. */
export function gitOpsRequests({
  argoCd,
  images,
}: {
  readonly argoCd: Pick<Settings["argoCd"], "highAvailability">;
  readonly images: Pick<Settings["images"], "strategy">;
}): Requests {
  const counts = Object.entries(argoCd.highAvailability ? running.highlyAvailable : running.plain);
  const of = (what: keyof Requests) =>
    counts.reduce((sum, [name, count]) => sum + (containerRequests[name]?.[what] ?? 0) * count, 0);
  const updater = images.strategy === "pinned" ? { cpu: 0, memory: 0 } : imageUpdater;
  return { cpu: of("cpu") + updater.cpu, memory: of("memory") + updater.memory };
}
