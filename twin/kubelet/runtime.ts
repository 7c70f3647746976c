import type { Duplex } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import type { Container, Pod, Probe, Sources } from "./pod.ts";
import type { PodMemory } from "./pod-memory.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

/** What a runtime is given of its Pod. */
export interface PodParts {
  readonly pod: Pod;
  /** The Pod's own folder. Whoever ends the Pod removes it. */
  readonly folder: string;
  readonly memory: PodMemory;
  readonly tokens: ServiceAccountTokens;
  readonly sources: Sources;
  readonly clock: Clock;
  /** Aborts when the Pod ends: nothing is started after that. */
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
}

/** How a container ended. */
export interface Exit {
  /** Exit code, or 128 + the signal's number. 255 where nobody can know it: an earlier kubelet started a process. */
  readonly code: number;
  /** Whether it was ended for using more memory than its limit. */
  readonly oomKilled: boolean;
  /** Whether it went with what ran it, as with a node: no failure of its own. */
  readonly isLost?: boolean;
}

/** A container that runs. */
export interface RunningContainer {
  /** As the API writes it: `<runtime>://<id>`. */
  readonly id: string;
  /** The image's digest reference; empty where no image was read. */
  readonly imageID: string;
  /** ISO time. */
  readonly startedAt: string;
  /** Resolves when the container ends. */
  readonly exited: Promise<Exit>;
}

/** Makes one connection to a container's port. */
export type Dial = () => Promise<Duplex>;

/** The image cannot be had (yet). The kubelet reports ErrImagePull, and tries again after a back-off. */
export class ImagePullError extends Error {
  override readonly name = "ErrImagePull";
}

/**
 * Runs the containers of one Pod. The container loop decides when a container starts and stops; a runtime knows how.
 */
export interface Runtime {
  /** Whether the container runs for real. All others are only reported as running. */
  runs(container: Container): boolean;

  /**
   * Starts the container; stops what is left of its last run first.
   * @throws PodConfigError when something that the Pod refers to does not exist (yet)
   * @throws ImagePullError when the image cannot be had (yet)
   */
  start(container: Container): Promise<RunningContainer>;

  /**
   * The container that an earlier kubelet started, if it still runs, or if it ended and it is known how. Undefined where
   * nothing is known of it.
   */
  adopt(container: Container): Promise<RunningContainer | undefined>;

  /** Runs the container's preStop action where the runtime has one, sends SIGTERM, and SIGKILL after `limitMs` (default 10 s). Resolves when the container is gone. */
  stop(container: Container, limitMs?: number): Promise<void>;

  /** Whether the container passes the probe now. */
  probe(container: Container, probe: Probe): Promise<boolean>;

  /** How to connect to a container port; undefined for one that the container does not have. */
  dial(container: Container, port: number): Dial | undefined;

  /** Brings the mounted ConfigMaps, Secrets and tokens up to date. The container is not restarted. */
  refreshVolumes(container: Container): void;

  /** The last lines of the container's output. */
  logTail(container: Container): string;

  /** Removes what the runtime keeps of the Pod outside the Pod's folder. */
  cleanUp(): Promise<void>;
}
