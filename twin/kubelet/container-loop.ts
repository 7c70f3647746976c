import { messageOf } from "../../lib/message-of.ts";
import { timestamp } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import { PodConfigError } from "./pod.ts";
import type { Container, RestartPolicy } from "./pod.ts";
import type { PodMemory } from "./pod-memory.ts";
import { backoffSeconds } from "./pod-status.ts";
import type { ContainerRuntime, ContainerState, Terminated } from "./pod-status.ts";
import { probeContainer } from "./probe-loop.ts";
import { ImagePullError } from "./runtime.ts";
import type { Exit, RunningContainer, Runtime } from "./runtime.ts";

/** What the loops of a Pod's containers share. */
export interface ContainerLoopParts {
  readonly runtime: Runtime;
  readonly memory: PodMemory;
  /** The Pod's: which ends of a main container are followed by another start. */
  readonly restartPolicy: RestartPolicy;
  readonly clock: Clock;
  /** Aborts when the Pod ends. Whoever aborts it stops the containers that run then. */
  readonly signal: AbortSignal;
  /** Is called after each change of {@link ContainerLoop.state}. */
  readonly onChange: () => void;
  readonly log: (message: string) => void;
}

/** How soon a start that failed is tried again. */
const startRetryMs = 1_000;
/** A container that ran this long did start: the back-off begins anew. */
const stableMs = 600_000;

/** Runs one container of a Pod: starts it, restarts it when it ends, and knows its state. */
export class ContainerLoop {
  readonly container: Container;
  readonly #parts: ContainerLoopParts;
  #state: ContainerRuntime | undefined;
  #restartCount = 0;

  constructor(container: Container, parts: ContainerLoopParts) {
    this.container = container;
    this.#parts = parts;
  }

  /** The container's state; undefined before the loop runs. */
  get state(): ContainerRuntime | undefined {
    return this.#state;
  }

  /**
   * Runs an init container until it succeeds.
   * @returns whether it succeeded; false when the Pod ends first, or when it failed and is not to be started again
   */
  async runToCompletion(): Promise<boolean> {
    const { runtime, memory, restartPolicy, clock } = this.#parts;
    let startedAt = timestamp(clock);
    if (runtime.runs(this.container) && !memory.initialized) {
      for (;;) {
        const running = await this.#start();
        if (running === undefined) return false;
        ({ startedAt } = running);
        this.#setRunning(running, false);
        const exit = await running.exited;
        await runtime.stop(this.container);
        if (this.#isEnding()) return false;
        if (exit.code === 0) break;
        if (restartPolicy === "Never") {
          this.#set({ terminated: this.#terminated(exit, startedAt) });
          return false;
        }
        await this.#backOff(exit, startedAt, this.#restartCount + 1);
      }
    }
    const terminated: Terminated = {
      exitCode: 0,
      reason: "Completed",
      startedAt,
      finishedAt: timestamp(clock),
    };
    this.#set({ terminated }, { ready: true });
    return !this.#isEnding();
  }

  /**
   * Keeps a main container running until the Pod ends, or it ends for good by the Pod's restart policy. Adopts one that an
   * earlier kubelet left running.
   */
  async keepRunning(): Promise<void> {
    const { runtime, memory, restartPolicy, clock, log } = this.#parts;
    const { name, readinessProbe } = this.container;
    if (!runtime.runs(this.container)) {
      this.#set({ running: { startedAt: memory.startTime } }, { ready: true });
      return;
    }
    const remembered = memory.container(name);
    let running = remembered && (await runtime.adopt(this.container));
    this.#restartCount = remembered?.restartCount ?? 0;
    // It ended while there was no kubelet.
    if (remembered !== undefined && running === undefined) this.#restartCount += 1;
    let failures = 0;
    for (;;) {
      running ??= await this.#start();
      if (running === undefined) return;
      memory.updateContainer(name, { restartCount: this.#restartCount });
      this.#setRunning(running, readinessProbe === undefined);
      const exit = await this.#probeUntilExit(running);
      if (this.#isEnding()) return;
      log(`${name} ended with ${exit.code}`);
      const { startedAt } = running;
      if (restartPolicy === "Never" || (restartPolicy === "OnFailure" && exit.code === 0)) {
        this.#set({ terminated: this.#terminated(exit, startedAt) });
        return;
      }
      const isStable = clock.now() - Date.parse(startedAt) > stableMs;
      failures = exit.isLost === true ? 0 : isStable ? 1 : failures + 1;
      await this.#backOff(exit, startedAt, failures);
      running = undefined;
    }
  }

  /** Starts the container as soon as its configuration is there; undefined when the Pod ends first. */
  async #start(): Promise<RunningContainer | undefined> {
    const { runtime, clock, signal } = this.#parts;
    for (let pulls = 1; !this.#isEnding();) {
      try {
        const running = await runtime.start(this.container);
        if (!this.#isEnding()) return running;
        // The Pod ended while the container was started: whoever ended it found nothing to stop yet.
        await runtime.stop(this.container);
      } catch (error) {
        if (error instanceof ImagePullError) await this.#backOffPull(error, ++pulls);
        else {
          const reason =
            error instanceof PodConfigError ? "CreateContainerConfigError" : "RunContainerError";
          this.#set({ waiting: { reason, message: messageOf(error) } });
          await clock.sleep(startRetryMs, signal);
        }
      }
    }
    return undefined;
  }

  /** Waits for the container's end; meanwhile probes it, and ends it when a probe says so. */
  async #probeUntilExit(running: RunningContainer): Promise<Exit> {
    const { runtime, clock, signal, log } = this.#parts;
    const { name } = this.container;
    const exit = new AbortController();
    const probing = probeContainer(
      this.container,
      {
        // As under a kubelet, a probe that cannot be made has failed.
        probe: (probe) =>
          runtime.probe(this.container, probe).catch((error: unknown) => {
            log(`${name}: cannot probe: ${String(error)}`);
            return false;
          }),
        setReady: (ready) => {
          this.#setReady(ready);
        },
        kill: async (reason) => {
          log(`${name}: ${reason}, it is restarted`);
          await runtime.stop(this.container);
        },
      },
      clock,
      AbortSignal.any([exit.signal, signal]),
    );
    const how = await running.exited;
    exit.abort();
    await probing;
    return how;
  }

  /** Says that the image cannot be had, then that it is tried again after a while, as a kubelet does. */
  async #backOffPull({ message }: ImagePullError, failures: number): Promise<void> {
    const { clock, signal } = this.#parts;
    const { image } = this.container;
    this.#set({ waiting: { reason: "ErrImagePull", message } });
    await clock.sleep(startRetryMs, signal);
    const backOff = `Back-off pulling image "${image}": ErrImagePull: ${message}`;
    this.#set({ waiting: { reason: "ImagePullBackOff", message: backOff } });
    await clock.sleep(backoffSeconds(failures) * 1000, signal);
  }

  #terminated({ code, oomKilled }: Exit, startedAt: string): Terminated {
    return {
      exitCode: code,
      reason: oomKilled ? "OOMKilled" : code === 0 ? "Completed" : "Error",
      message: this.#parts.runtime.logTail(this.container).slice(-1_000),
      startedAt,
      finishedAt: timestamp(this.#parts.clock),
    };
  }

  async #backOff(exit: Exit, startedAt: string, failures: number): Promise<void> {
    const { clock, signal } = this.#parts;
    const seconds = backoffSeconds(failures);
    const terminated = this.#terminated(exit, startedAt);
    this.#restartCount += 1;
    const message = `back-off ${seconds}s restarting failed container=${this.container.name}`;
    this.#set({ waiting: { reason: "CrashLoopBackOff", message } }, { lastState: { terminated } });
    await clock.sleep(seconds * 1000, signal);
  }

  #isEnding(): boolean {
    return this.#parts.signal.aborted;
  }

  #setRunning({ id, imageID, startedAt }: RunningContainer, ready: boolean): void {
    this.#set({ running: { startedAt } }, { id, imageID, ready });
  }

  #setReady(ready: boolean): void {
    if (this.#state === undefined || this.#state.ready === ready) return;
    this.#state = { ...this.#state, ready };
    this.#parts.onChange();
  }

  #set(
    state: ContainerState,
    facts: Partial<Pick<ContainerRuntime, "ready" | "id" | "imageID" | "lastState">> = {},
  ): void {
    const { ready = false, id } = facts;
    const { imageID, lastState } = { ...this.#state, ...facts };
    this.#state = {
      state,
      ready,
      restartCount: this.#restartCount,
      ...(id === undefined ? {} : { id }),
      ...(imageID === undefined ? {} : { imageID }),
      ...(lastState === undefined ? {} : { lastState }),
    };
    this.#parts.onChange();
  }
}
