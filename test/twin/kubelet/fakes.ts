import { Pod } from "../../../twin/kubelet/pod.ts";
import type { Container, Probe } from "../../../twin/kubelet/pod.ts";
import type { Dial, Exit, RunningContainer, Runtime } from "../../../twin/kubelet/runtime.ts";
import type { FakeClock } from "./fake-clock.ts";

/** A runtime whose containers end when a test says so. Notes what it is asked, with the second of a clock. */
export class FakeRuntime implements Runtime {
  readonly calls: string[] = [];
  /** Containers that are only reported as running. */
  readonly simulated = new Set<string>();
  /** Containers that an earlier kubelet left running, by name. */
  readonly adoptable = new Map<string, RunningContainer>();
  /** What the next starts throw; undefined starts. */
  readonly startErrors: (Error | undefined)[] = [];
  /** Answers of the probes. */
  passes: (probe: Probe) => boolean = () => true;
  /** Holds up each start. */
  startGate: Promise<void> = Promise.resolve();
  readonly #clock: FakeClock;
  readonly #exits = new Map<string, (exit: Exit) => void>();
  /** What {@link dial} connects to, by container port. */
  readonly dials = new Map<number, Dial>();
  #lastId = 100;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  runs({ name }: Container): boolean {
    return !this.simulated.has(name);
  }

  async start({ name }: Container): Promise<RunningContainer> {
    this.#note(`start ${name}`);
    await this.startGate;
    const error = this.startErrors.shift();
    if (error !== undefined) throw error;
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.#exits.set(name, resolve);
    const startedAt = new Date(this.#clock.now()).toISOString();
    return { id: `fake://${++this.#lastId}`, imageID: "", startedAt, exited: promise };
  }

  adopt({ name }: Container): Promise<RunningContainer | undefined> {
    return Promise.resolve(this.adoptable.get(name));
  }

  stop({ name }: Container, limitMs?: number): Promise<void> {
    this.#note(`stop ${name}${limitMs === undefined ? "" : ` within ${limitMs / 1000}`}`);
    this.exit(name, 143);
    return Promise.resolve();
  }

  /** Lets a container end by itself. */
  exit(name: string, code: number, oomKilled = false): void {
    this.#exits.get(name)?.({ code, oomKilled });
    this.#exits.delete(name);
  }

  /** Lets a container go with what runs it. */
  lose(name: string): void {
    this.#exits.get(name)?.({ code: 137, oomKilled: false, isLost: true });
    this.#exits.delete(name);
  }

  probe(_container: Container, probe: Probe): Promise<boolean> {
    return new Promise((resolve) => {
      resolve(this.passes(probe));
    });
  }

  dial(_container: Container, port: number): Dial | undefined {
    return this.dials.get(port);
  }

  refreshVolumes({ name }: Container): void {
    this.#note(`refresh ${name}`);
  }

  logTail({ name }: Container): string {
    return `last words of ${name}`;
  }

  cleanUp(): Promise<void> {
    this.#note("clean up");
    return Promise.resolve();
  }

  #note(call: string): void {
    this.calls.push(`${this.#clock.seconds} ${call}`);
  }
}

/** A Pod of namespace "shop" with the given spec. */
export function podOf(spec: object, metadata: object = {}): Pod {
  return Pod.parse({
    metadata: { name: "web-0", namespace: "shop", uid: "u1", ...metadata },
    spec: { nodeName: "node-a", ...spec },
  });
}

/** The first container of a Pod. */
export function firstContainer({ spec }: Pod): Container {
  const [container] = spec.containers;
  if (container === undefined) throw new Error("the Pod has no container");
  return container;
}
