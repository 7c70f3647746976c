import { timestamp } from "../../lib/clock.ts";
import type { Clock } from "../../lib/clock.ts";
import { PodConfigError } from "./pod.ts";
import type { Container } from "./pod.ts";
import type { PodMemory } from "./pod-memory.ts";
import { backoffSeconds } from "./pod-status.ts";
import type { ContainerRuntime, ContainerState, Terminated } from "./pod-status.ts";
import { probeContainer } from "./probe-loop.ts";
import type { RunningContainer, Runtime } from "./runtime.ts";

/** What the loops of a Pod's containers share. */
export interface ContainerLoopParts {
  readonly runtime: Runtime;
  readonly memory: PodMemory;
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

  /** Runs an init container until it succeeds. Resolves then, or when the Pod ends. */
  async runToCompletion(): Promise<void> {
    const { runtime, memory, clock } = this.#parts;
    let startedAt = timestamp(clock);
    if (runtime.runs(this.container) && !memory.initialized) {
      let exitCode: number | undefined;
      while (exitCode !== 0) {
        const running = await this.#start();
        if (running === undefined) return;
        ({ startedAt } = running);
        this.#setRunning(running, false);
        exitCode = await running.exited;
        await runtime.stop(this.container);
        if (this.#isEnding()) return;
        if (exitCode !== 0) await this.#backOff(exitCode, startedAt, this.#restartCount + 1);
      }
    }
    const terminated: Terminated = {
      exitCode: 0,
      reason: "Completed",
      startedAt,
      finishedAt: timestamp(clock),
    };
    this.#set({ terminated }, { ready: true });
  }

  /** Keeps a main container running until the Pod ends. Adopts one that an earlier kubelet left running. */
  async keepRunning(): Promise<void> {
    const { runtime, memory, clock, log } = this.#parts;
    const { name, readinessProbe } = this.container;
    if (!runtime.runs(this.container)) {
      this.#set({ running: { startedAt: memory.startTime } }, { ready: true });
      return;
    }
    const remembered = memory.container(name);
    let running = remembered && runtime.adopt(this.container);
    this.#restartCount = remembered?.restartCount ?? 0;
    // It ended while there was no kubelet.
    if (remembered !== undefined && running === undefined) this.#restartCount += 1;
    let failures = 0;
    for (;;) {
      running ??= await this.#start();
      if (running === undefined) return;
      memory.updateContainer(name, { restartCount: this.#restartCount });
      this.#setRunning(running, readinessProbe === undefined);
      const exitCode = await this.#probeUntilExit(running);
      if (this.#isEnding()) return;
      log(`${name} ended with ${exitCode}`);
      const { startedAt } = running;
      const isStable = clock.now() - Date.parse(startedAt) > stableMs;
      failures = isStable ? 1 : failures + 1;
      await this.#backOff(exitCode, startedAt, failures);
      running = undefined;
    }
  }

  /** Starts the container as soon as its configuration is there; undefined when the Pod ends first. */
  async #start(): Promise<RunningContainer | undefined> {
    const { runtime, clock, signal } = this.#parts;
    while (!this.#isEnding()) {
      try {
        const running = await runtime.start(this.container);
        if (!this.#isEnding()) return running;
        // The Pod ended while the container was started: whoever ended it found nothing to stop yet.
        await runtime.stop(this.container);
      } catch (error) {
        const reason =
          error instanceof PodConfigError ? "CreateContainerConfigError" : "RunContainerError";
        const message = error instanceof Error ? error.message : String(error);
        this.#set({ waiting: { reason, message } });
        await clock.sleep(startRetryMs, signal);
      }
    }
    return undefined;
  }

  /** Waits for the container's end; meanwhile probes it, and ends it when a probe says so. */
  async #probeUntilExit(running: RunningContainer): Promise<number> {
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
    const exitCode = await running.exited;
    exit.abort();
    await probing;
    return exitCode;
  }

  async #backOff(exitCode: number, startedAt: string, failures: number): Promise<void> {
    const { runtime, clock, signal } = this.#parts;
    const seconds = backoffSeconds(failures);
    const terminated: Terminated = {
      exitCode,
      reason: exitCode === 0 ? "Completed" : "Error",
      message: runtime.logTail(this.container).slice(-1_000),
      startedAt,
      finishedAt: timestamp(clock),
    };
    this.#restartCount += 1;
    const message = `back-off ${seconds}s restarting failed container=${this.container.name}`;
    this.#set({ waiting: { reason: "CrashLoopBackOff", message } }, { lastState: { terminated } });
    await clock.sleep(seconds * 1000, signal);
  }

  #isEnding(): boolean {
    return this.#parts.signal.aborted;
  }

  #setRunning({ pid, startedAt }: RunningContainer, ready: boolean): void {
    this.#set({ running: { startedAt } }, { pid, ready });
  }

  #setReady(ready: boolean): void {
    if (this.#state === undefined || this.#state.ready === ready) return;
    this.#state = { ...this.#state, ready };
    this.#parts.onChange();
  }

  #set(
    state: ContainerState,
    facts: Partial<Pick<ContainerRuntime, "ready" | "pid" | "lastState">> = {},
  ): void {
    const { ready = false, pid, lastState = this.#state?.lastState } = facts;
    this.#state = {
      state,
      ready,
      restartCount: this.#restartCount,
      ...(pid === undefined ? {} : { pid }),
      ...(lastState === undefined ? {} : { lastState }),
    };
    this.#parts.onChange();
  }
}
