import type { Clock } from "../../lib/clock.ts";
import { messageOf } from "../../lib/message-of.ts";
import type { ProcessSpec, Started } from "../process/processes.ts";
import type { Podbox, ProcessPod, Table } from "./podbox.ts";
import type { UsageReading } from "./usage.ts";

/** What a {@link ContainerNode} needs. */
export interface ContainerNodeParts {
  readonly podbox: Pick<
    Podbox,
    "pods" | "deletePod" | "setNetwork" | "putProcessPod" | "deleteProcessPod" | "usage"
  >;
  /** podbox's process. */
  readonly spec: ProcessSpec;
  readonly startProcess: (spec: ProcessSpec) => Promise<Started>;
  readonly isRunning: (name: string) => boolean;
  /** The network as it is to be now. */
  readonly table: () => Table;
  readonly clock: Clock;
  /** Ends the care. podbox goes on: its containers outlive a kubelet. */
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
}

/** Two readings of what the containers use. */
export interface UsageWindow {
  readonly before: UsageReading;
  readonly after: UsageReading;
}

/** How often it is looked whether podbox still runs. */
const careMs = 500;
const answerLimitMs = 10_000;
const answerPollMs = 10;
/** Changes that come together are one table. */
const collectMs = 20;
/** A third of metrics-server's own resolution: in the twin somebody waits for an autoscaler. */
const usageMs = 5_000;

/**
 * The node of a cluster's containers: keeps its helper (podbox) running and tells it what it must know, again after it was
 * killed. Its containers are gone then, as after a node's restart: their loops start them again.
 */
export class ContainerNode {
  readonly #parts: ContainerNodeParts;
  readonly #processPods = new Map<string, ProcessPod>();
  #sent = "";
  #hasStarted = false;
  #isStale = false;
  #sending: Promise<void> | undefined;
  #usage: UsageWindow | undefined;

  constructor(parts: ContainerNodeParts) {
    this.#parts = parts;
  }

  /** Starts podbox unless it runs; resolves when it answers and has its network. It is cared for from then on. */
  async start(): Promise<void> {
    await this.#startHelper();
    void this.#care();
    void this.#measure();
  }

  /** Brings the network up to date in a moment. Before {@link start} it does nothing: podbox gets all of it there. */
  networkChanged(): void {
    if (!this.#hasStarted) return;
    this.#isStale = true;
    this.#sending ??= this.#send();
  }

  /** Lets the kubelet's API serve the logs and ports of a Pod that runs as processes. */
  addProcessPod(uid: string, pod: ProcessPod): void {
    const known = this.#processPods.get(uid);
    const merged = { ...pod, containers: { ...known?.containers, ...pod.containers } };
    this.#processPods.set(uid, merged);
    void this.#tell(`the Pod ${pod.name}`, () => this.#parts.podbox.putProcessPod(uid, merged));
  }

  removeProcessPod(uid: string): void {
    if (!this.#processPods.delete(uid)) return;
    void this.#tell("a Pod's end", () => this.#parts.podbox.deleteProcessPod(uid));
  }

  /** Ends the Pods that nobody knows: they were deleted while there was no kubelet, and would run for ever. */
  async removeUnknown(isKnown: (uid: string) => boolean): Promise<void> {
    const { podbox } = this.#parts;
    await this.#tell("Pods that are gone", async () => {
      const uids = Object.keys(await podbox.pods());
      for (const uid of uids.filter((one) => !isKnown(one))) await podbox.deletePod(uid);
    });
  }

  /** What the containers used lately; undefined until it was read twice. */
  get usage(): UsageWindow | undefined {
    return this.#usage;
  }

  async #startHelper(): Promise<void> {
    const { podbox, spec, startProcess, clock, signal } = this.#parts;
    await startProcess(spec);
    const deadline = clock.now() + answerLimitMs;
    for (;;) {
      const isThere = await podbox.pods().then(
        () => true,
        () => false,
      );
      if (isThere || signal.aborted) break;
      if (clock.now() > deadline) {
        throw new Error(`podbox does not answer within ${answerLimitMs / 1000} s; see its log`);
      }
      await clock.sleep(answerPollMs, signal);
    }
    this.#sent = "";
    this.#hasStarted = true;
    await this.#sendTable();
    for (const [uid, pod] of this.#processPods) await podbox.putProcessPod(uid, pod);
  }

  async #care(): Promise<void> {
    const { spec, isRunning, clock, signal, log } = this.#parts;
    while (await clock.sleep(careMs, signal)) {
      if (isRunning(spec.name)) {
        // It was not told the last time.
        if (this.#sent === "") this.networkChanged();
        continue;
      }
      log("podbox ended, with all containers; it is started again");
      await this.#startHelper().catch((error: unknown) => {
        log(`podbox does not start: ${messageOf(error)}`);
      });
    }
  }

  /** One table after the other: a late one must not replace a newer one. */
  async #send(): Promise<void> {
    const { clock, signal } = this.#parts;
    while (this.#isStale && (await clock.sleep(collectMs, signal))) {
      this.#isStale = false;
      await this.#sendTable();
    }
    this.#sending = undefined;
  }

  async #sendTable(): Promise<void> {
    const table = this.#parts.table();
    const text = JSON.stringify(table);
    if (text === this.#sent) return;
    this.#sent = "";
    await this.#tell("the network", async () => {
      await this.#parts.podbox.setNetwork(table);
      this.#sent = text;
    });
  }

  async #tell(what: string, telling: () => Promise<void>): Promise<void> {
    await telling().catch((error: unknown) => {
      this.#parts.log(`podbox was not told of ${what}: ${messageOf(error)}`);
    });
  }

  async #measure(): Promise<void> {
    const { podbox, clock, signal } = this.#parts;
    let before: UsageReading | undefined;
    do {
      const usage = await podbox.usage().catch(() => undefined);
      const after = usage && { usage, at: clock.now() };
      if (before !== undefined && after !== undefined) this.#usage = { before, after };
      before = after;
    } while (await clock.sleep(usageMs, signal));
  }
}
