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

/** A container that runs. */
export interface RunningContainer {
  readonly pid: number;
  /** ISO time. */
  readonly startedAt: string;
  /**
   * Resolves when the container ends: its exit code, or 128 + the signal's number. 255 where nobody can know it, because
   * an earlier kubelet started the container.
   */
  readonly exited: Promise<number>;
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
   */
  start(container: Container): Promise<RunningContainer>;

  /** The container that an earlier kubelet started, if it still runs. */
  adopt(container: Container): RunningContainer | undefined;

  /** Sends SIGTERM, and SIGKILL after `limitMs` (default 10 s). Resolves when the container is gone. */
  stop(container: Container, limitMs?: number): Promise<void>;

  /** Whether the container passes the probe now. */
  probe(container: Container, probe: Probe): Promise<boolean>;

  /** This machine's port for a container port; undefined when it has none. */
  localPort(container: Container, port: number): number | undefined;

  /** Brings the mounted ConfigMaps, Secrets and tokens up to date. The container is not restarted. */
  refreshVolumes(container: Container): void;

  /** The last lines of the container's output. */
  logTail(container: Container): string;

  /** Removes what the runtime keeps of the Pod outside the Pod's folder. */
  cleanUp(): void;
}
