import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { writeWhole } from "../../lib/write-file.ts";

const ContainerMemory = z.strictObject({
  /** This machine's port by container port. */
  ports: z.record(z.string(), z.int()),
  restartCount: z.int(),
  startedAt: z.string(),
  /** The image's digest reference; empty for a process. */
  imageID: z.string().default(""),
});
/** What is remembered of one container. */
export type ContainerMemory = Readonly<z.infer<typeof ContainerMemory>>;

const Content = z.strictObject({
  podIP: z.string(),
  startTime: z.string(),
  initialized: z.boolean(),
  containers: z.record(z.string(), ContainerMemory),
});
type Content = Readonly<z.infer<typeof Content>>;

/**
 * What a kubelet must know of a Pod to take over its containers from an earlier kubelet. It is in a file, written anew
 * at each change.
 */
export class PodMemory {
  readonly #file: string;
  readonly #signal: AbortSignal;
  #content: Content;

  /**
   * @param fresh makes the facts of a Pod that has no file yet.
   * @param signal ends the writing: the file's folder is about to be removed.
   */
  constructor(
    file: string,
    fresh: () => Pick<Content, "podIP" | "startTime">,
    signal: AbortSignal,
  ) {
    this.#file = file;
    this.#signal = signal;
    this.#content = readContent(file) ?? { ...fresh(), initialized: false, containers: {} };
    this.#write(this.#content);
  }

  get podIP(): string {
    return this.#content.podIP;
  }

  /** ISO time at which a kubelet first saw the Pod. */
  get startTime(): string {
    return this.#content.startTime;
  }

  /** Whether all init containers have succeeded. */
  get initialized(): boolean {
    return this.#content.initialized;
  }

  /** What is known of a container; undefined when it was never started. */
  container(name: string): ContainerMemory | undefined {
    return this.#content.containers[name];
  }

  setInitialized(): void {
    this.#write({ ...this.#content, initialized: true });
  }

  /** Changes what is known of a container, or begins to remember it. */
  updateContainer(name: string, changes: Partial<ContainerMemory>): void {
    const { startTime, containers } = this.#content;
    const known = containers[name] ?? {
      ports: {},
      restartCount: 0,
      startedAt: startTime,
      imageID: "",
    };
    this.#write({
      ...this.#content,
      containers: { ...containers, [name]: { ...known, ...changes } },
    });
  }

  #write(content: Content): void {
    this.#content = content;
    if (!this.#signal.aborted) writeWhole(this.#file, JSON.stringify(content, null, 2));
  }
}

function readContent(file: string): Content | undefined {
  return existsSync(file) ? Content.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
}
