import { ContainerLoop } from "./container-loop.ts";
import type { ContainerLoopParts } from "./container-loop.ts";
import type { Container, Pod } from "./pod.ts";
import type { ContainerRuntime, PodRuntime } from "./pod-status.ts";
import type { Dial } from "./runtime.ts";

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

  /** Resolves when the Pod has ended, or none of its containers is to be started again. */
  async run(): Promise<void> {
    for (const loop of this.#init) {
      if (!(await loop.runToCompletion())) return;
    }
    this.#parts.memory.setInitialized();
    await Promise.all(this.#main.map((loop) => loop.keepRunning()));
  }

  /** The containers' states, as far as they have one. */
  states(): Pick<PodRuntime, "initContainers" | "containers"> {
    return { initContainers: statesOf(this.#init), containers: statesOf(this.#main) };
  }

  /** How to connect to a container port; undefined while its container is not ready. */
  readyDial(port: number): Dial | undefined {
    return this.#main
      .filter(({ state }) => state?.ready === true)
      .map(({ container }) => this.#parts.runtime.dial(container, port))
      .find((dial) => dial !== undefined);
  }

  /** Brings the mounted ConfigMaps, Secrets and tokens of the main containers that run up to date. */
  refreshVolumes(): void {
    for (const { container, state } of this.#main) {
      if (state?.id !== undefined) this.#parts.runtime.refreshVolumes(container);
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
