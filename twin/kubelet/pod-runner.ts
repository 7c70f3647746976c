import { join } from "node:path";
import { timestamp } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import { removeTree } from "../../lib/remove-tree.ts";
import type { KubeApi } from "../cluster/kube-api.ts";
import { podField } from "./pod.ts";
import type { Pod, Sources } from "./pod.ts";
import { PodContainers } from "./pod-containers.ts";
import { PodMemory } from "./pod-memory.ts";
import type { Dial, PodParts, Runtime } from "./runtime.ts";
import { ServiceAccountTokens } from "./service-account-tokens.ts";
import { StatusReporter } from "./status-reporter.ts";

/** What a {@link PodRunner} needs beside its Pod. */
export interface PodRunnerParts {
  readonly api: Pick<KubeApi, "create" | "patch" | "delete">;
  /** Folder of all Pods. */
  readonly pods: string;
  /** The ConfigMaps and Secrets of the Pod's namespace. */
  readonly contents: Pick<Sources, "configMap" | "secret">;
  /** An address for a Pod that has none yet. */
  readonly freeAddress: () => string;
  readonly hostIP: string;
  readonly createRuntime: (parts: PodParts) => Runtime;
  readonly clock: Clock;
  readonly log: (message: string) => void;
}

/** A kubelet gives a Pod the time that it asks for. In the twin somebody waits for it. */
const graceLimitSeconds = 15;
/** Changes of several ConfigMaps and Secrets that come together are one refresh. */
const refreshDelayMs = 1_000;

/**
 * Runs one Pod until the Pod is deleted. What it needs to find its containers again is in the Pod's folder: a new kubelet
 * goes on where an earlier one was killed.
 */
export class PodRunner {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #memory: PodMemory;
  readonly #runtime: Runtime;
  readonly #containers: PodContainers;
  readonly #reporter: StatusReporter;
  #pod: Pod;
  #ending: Promise<void> | undefined;
  #isRefreshing = false;

  constructor(pod: Pod, parts: PodRunnerParts) {
    const { api, contents, hostIP, freeAddress, clock } = parts;
    const { namespace, name, uid } = pod.metadata;
    const { signal } = this.#abort;
    const folder = join(parts.pods, uid);
    const log = (message: string): void => {
      parts.log(`${namespace}/${name}: ${message}`);
    };
    const memory = new PodMemory(
      join(folder, "runner.json"),
      () => ({ podIP: freeAddress(), startTime: timestamp(clock) }),
      signal,
    );
    const { podIP, startTime } = memory;
    const addresses = { podIP, hostIP };
    const shared = { memory, clock, signal, log };
    const tokens = new ServiceAccountTokens(pod, {
      api,
      clock,
      signal,
      log,
      onRenewed: () => {
        this.#containers.refreshVolumes();
      },
    });
    const sources = { ...contents, field: (path: string) => podField(this.#pod, path, addresses) };
    this.#pod = pod;
    this.#folder = folder;
    this.#clock = clock;
    this.#memory = memory;
    this.#runtime = parts.createRuntime({ ...shared, pod, folder, tokens, sources });
    this.#containers = new PodContainers(pod, {
      ...shared,
      runtime: this.#runtime,
      restartPolicy: pod.spec.restartPolicy,
      onChange: () => {
        this.#reporter.reportSoon();
      },
    });
    this.#reporter = new StatusReporter({
      api,
      clock,
      signal,
      log,
      pod: () => this.#pod,
      podRuntime: () => ({ ...addresses, startTime, ...this.#containers.states() }),
    });
    void this.#containers.run();
  }

  /** The Pod's newest version. */
  get pod(): Pod {
    return this.#pod;
  }

  get podIP(): string {
    return this.#memory.podIP;
  }

  /** How to connect to a container port; undefined while its container is not ready or the Pod ends. */
  readyDial(port: number): Dial | undefined {
    return this.#abort.signal.aborted ? undefined : this.#containers.readyDial(port);
  }

  /** Takes the Pod's new version. */
  update(pod: Pod): void {
    this.#pod = pod;
    this.#reporter.compare(pod);
  }

  /** Brings the mounted ConfigMaps and Secrets up to date in a moment. */
  refreshSoon(): void {
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    void this.#clock.sleep(refreshDelayMs, this.#abort.signal).then((isTime) => {
      this.#isRefreshing = false;
      if (isTime) this.#containers.refreshVolumes();
    });
  }

  /**
   * Stops the containers and forgets the Pod.
   * @param isOrderly whether the object is still there and waits for its kubelet to confirm the deletion.
   */
  end(isOrderly: boolean): Promise<void> {
    this.#ending ??= this.#end(isOrderly);
    return this.#ending;
  }

  async #end(isOrderly: boolean): Promise<void> {
    this.#abort.abort();
    const { metadata, spec } = this.#pod;
    const graceSeconds = metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds;
    await this.#containers.stop(Math.min(graceSeconds, graceLimitSeconds) * 1000);
    if (isOrderly) await this.#reporter.confirmDeletion();
    await this.#runtime.cleanUp();
    removeTree(this.#folder);
  }
}
