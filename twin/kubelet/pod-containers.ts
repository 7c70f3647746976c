import { ContainerLoop } from "./container-loop.ts";
import type { ContainerLoopParts } from "./container-loop.ts";
import type { Container, Pod } from "./pod.ts";
import type { ContainerRuntime, PodRuntime } from "./pod-status.ts";

/** All containers of one Pod: the init containers run one after the other, then the main ones side by side. */
export class PodContainers {
  readonly #parts: ContainerLoopParts;
  readonly #init: readonly ContainerLoop[];
  readonly #main: readonly ContainerLoop[];

  constructor({ spec }: Pod, parts: ContainerLoopParts) {
    const loopOf = (container: Container): ContainerLoop => new ContainerLoop(container, parts);
    this.#parts = parts;
    this.#init = spec.initContainers.map(loopOf);
    this.#main = spec.containers.map(loopOf);
  }

  /** Resolves when the Pod has ended. */
  async run(): Promise<void> {
    for (const loop of this.#init) await loop.runToCompletion();
    if (this.#parts.signal.aborted) return;
    this.#parts.memory.setInitialized();
    await Promise.all(this.#main.map((loop) => loop.keepRunning()));
  }

  /** The containers' states, as far as they have one. */
  states(): Pick<PodRuntime, "initContainers" | "containers"> {
    return { initContainers: statesOf(this.#init), containers: statesOf(this.#main) };
  }

  /** This machine's port for a container port; undefined while its container is not ready. */
  readyPort(port: number): number | undefined {
    return this.#main
      .filter(({ state }) => state?.ready === true)
      .map(({ container }) => this.#parts.runtime.localPort(container, port))
      .find((local) => local !== undefined);
  }

  /** Brings the mounted ConfigMaps, Secrets and tokens of the main containers that run up to date. */
  refreshVolumes(): void {
    for (const { container, state } of this.#main) {
      if (state?.pid !== undefined) this.#parts.runtime.refreshVolumes(container);
    }
  }

  /** Stops every container. Abort the signal first, or they are started again. */
  async stop(limitMs: number): Promise<void> {
    const { runtime } = this.#parts;
    await Promise.all(
      [...this.#init, ...this.#main]
        .filter(({ container }) => runtime.runs(container))
        .map(({ container }) => runtime.stop(container, limitMs)),
    );
  }
}

function statesOf(loops: readonly ContainerLoop[]): Map<string, ContainerRuntime> {
  return new Map(
    loops.flatMap(({ container, state }) => (state === undefined ? [] : [[container.name, state]])),
  );
}
