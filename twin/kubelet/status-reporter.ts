import { timestamp } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import { unlessStatus } from "../cluster/kube-api.ts";
import type { KubeApi } from "../cluster/kube-api.ts";
import { podPath } from "./pod.ts";
import type { Pod } from "./pod.ts";
import { podStatus } from "./pod-status.ts";
import type { PodRuntime, PodStatus } from "./pod-status.ts";

/** Where a Pod's status comes from and goes to. */
export interface ReporterParts {
  readonly api: Pick<KubeApi, "patch" | "delete">;
  /** The Pod's newest version. */
  readonly pod: () => Pod;
  /** What is known of the Pod now. */
  readonly podRuntime: () => PodRuntime;
  readonly clock: Clock;
  /** Ends the reports of the status. */
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
}

/** Several containers change together: this long, changes are collected. */
const collectMs = 20;
const retryMs = 1_000;

/** Tells the API server about one Pod: its status when it changes, and its end. */
export class StatusReporter {
  readonly #parts: ReporterParts;
  #reported: PodStatus | undefined;
  #reporting: Promise<void> | undefined;
  #isContradicted = false;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  /** Reports the status in a moment, unless that is what was reported last. */
  reportSoon(): void {
    this.#reporting ??= this.#report();
  }

  /**
   * Reports again if the API server's object contradicts the last report: after a node was given up for a while (the
   * machine slept), its Pods are marked as not ready.
   */
  compare({ status }: Pod): void {
    const reported = this.#reported?.conditions.find(({ type }) => type === "Ready");
    const found = status?.conditions.find(({ type }) => type === "Ready");
    if (reported === undefined || found === undefined || reported.status === found.status) return;
    this.#isContradicted = true;
    this.reportSoon();
  }

  /** Deletes the object, which has waited for the end of its containers. Resolves when it is gone. */
  async confirmDeletion(): Promise<void> {
    const { api, clock, log } = this.#parts;
    const pod = this.#parts.pod();
    const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
    for (;;) {
      try {
        // 409: the name is another Pod's by now.
        await unlessStatus(409, unlessStatus(404, api.delete(podPath(pod), options)));
        return;
      } catch (error) {
        log(`cannot finish the deletion: ${String(error)}`);
        await clock.sleep(retryMs);
      }
    }
  }

  /** Sends the status until what was sent last is the status now. */
  async #report(): Promise<void> {
    const { api, clock, signal, log } = this.#parts;
    while (await clock.sleep(collectMs, signal)) {
      const pod = this.#parts.pod();
      const before = this.#reported?.conditions ?? [];
      const status = podStatus(pod, this.#parts.podRuntime(), before, timestamp(clock));
      if (!this.#isContradicted && JSON.stringify(status) === JSON.stringify(this.#reported)) break;
      this.#isContradicted = false;
      try {
        const patch = { metadata: { uid: pod.metadata.uid }, status };
        const path = `${podPath(pod)}/status`;
        await unlessStatus(404, api.patch(path, patch, "strategic-merge-patch"));
        this.#reported = status;
      } catch (error) {
        log(`status not reported: ${String(error)}`);
        await clock.sleep(retryMs, signal);
      }
    }
    this.#reporting = undefined;
  }
}
