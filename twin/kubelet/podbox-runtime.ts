import { mkdirSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../lib/write-file.ts";
import { containerSpec, etcFiles } from "./container-spec.ts";
import type { ImageStore } from "./image-store.ts";
import { PodConfigError } from "./pod.ts";
import type { Container, Probe } from "./pod.ts";
import type { Podbox } from "./podbox.ts";
import { volumeFiles, writeVolumeFiles } from "./pod-volumes.ts";
import { answers, probeTarget } from "./probe.ts";
import type { Dial, Exit, PodParts, RunningContainer, Runtime } from "./runtime.ts";

/** What all Pods of a cluster that run as containers share. */
export interface ContainerMachine {
  readonly podbox: Pick<
    Podbox,
    "pods" | "putPod" | "deletePod" | "startContainer" | "exited" | "signal" | "exec" | "dial"
  >;
  readonly images: Pick<ImageStore, "pull">;
  /** Address of the cluster's DNS. */
  readonly dns: string;
  /** The Service `kubernetes`. */
  readonly apiServer: { readonly host: string; readonly port: number };
}

const stopLimitMs = 10_000;
/** A Pod waits as long as its preStop says. In the twin nothing needs 15 s to know of it, and somebody waits for it. */
const preStopLimitMs = 1_000;
const logTailBytes = 4_096;

/** Runs a Pod's containers as containers: with their image's files, a network and an address of their own. */
export class PodboxRuntime implements Runtime {
  readonly #parts: PodParts;
  readonly #machine: ContainerMachine;
  #isCleanedUp = false;

  constructor(parts: PodParts, machine: ContainerMachine) {
    this.#parts = parts;
    this.#machine = machine;
  }

  runs(): boolean {
    return true;
  }

  async start(container: Container): Promise<RunningContainer> {
    const { pod, sources, tokens, memory, signal } = this.#parts;
    const { podbox, images, dns, apiServer } = this.#machine;
    const { name, namespace, uid } = pod.metadata;
    const image = await images.pull(container.image, container);
    await tokens.obtain(container);
    // A kubelet that was killed may have left one that it did not remember, or an init container.
    await this.stop(container);
    // The Pod may have ended while its image was pulled. Its folder is gone then: nothing is to make it again.
    signal.throwIfAborted();
    this.#writeVolumes(container);
    const folder = this.#folder(container);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const etc = join(this.#parts.folder, "etc");
    for (const [file, text] of Object.entries(etcFiles(pod, memory.podIP, dns))) {
      writeWhole(join(etc, file), text);
    }
    const spec = containerSpec({
      pod,
      container,
      sources,
      image: image.config,
      imageFolder: image.folder,
      scratch: join(folder, "scratch"),
      log: this.#log(container),
      volumes: join(folder, "volumes"),
      shared: join(this.#parts.folder, "volumes"),
      etc,
      apiServer,
      credentials: {},
    });
    await podbox.putPod(uid, { namespace, name, ip: memory.podIP });
    if (this.#isCleanedUp) await this.cleanUp();
    signal.throwIfAborted();
    const { startedAt } = await podbox.startContainer(uid, container.name, spec);
    const imageID = `${container.image.replace(/(:[^:/@]*)?(@.*)?$/, "")}@${image.digest}`;
    memory.updateContainer(container.name, { startedAt, imageID });
    return {
      id: this.#id(container, startedAt),
      imageID,
      startedAt,
      exited: podbox.exited(uid, container.name),
    };
  }

  async adopt(container: Container): Promise<RunningContainer | undefined> {
    const { uid } = this.#parts.pod.metadata;
    const pods = await this.#machine.podbox.pods().catch(() => undefined);
    const found = pods?.[uid]?.containers[container.name];
    if (found === undefined) return undefined;
    const { startedAt } = found;
    return {
      id: this.#id(container, startedAt),
      imageID: this.#parts.memory.container(container.name)?.imageID ?? "",
      startedAt,
      exited: this.#exited(container),
    };
  }

  async stop(container: Container, limitMs = stopLimitMs): Promise<void> {
    const { pod, clock } = this.#parts;
    const { podbox } = this.#machine;
    const { uid } = pod.metadata;
    const running = await podbox.pods().catch(() => undefined);
    const found = running?.[uid]?.containers[container.name];
    if (found === undefined || found.exit !== undefined) return;
    const preStopMs = (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1000;
    await clock.sleep(Math.min(preStopMs, preStopLimitMs));
    const end = this.#exited(container);
    await this.#signal(container, "SIGTERM");
    const limit = new AbortController();
    const isLate = await Promise.race([
      end.then(() => false),
      clock.sleep(limitMs, limit.signal).then(() => true),
    ]);
    limit.abort();
    if (isLate) await this.#signal(container, "SIGKILL");
    await end;
  }

  async probe(container: Container, probe: Probe): Promise<boolean> {
    const target = probeTarget(probe, container);
    switch (target.kind) {
      case "none":
        return true;
      case "exec": {
        const { uid } = this.#parts.pod.metadata;
        const { timeoutSeconds } = probe;
        const { code } = await this.#machine.podbox.exec(
          uid,
          container.name,
          target.command,
          timeoutSeconds,
        );
        return code === 0;
      }
      default:
        return answers(target, this.dial(container, target.port), probe.timeoutSeconds);
    }
  }

  dial(_container: Container, port: number): Dial {
    return () => this.#machine.podbox.dial(this.#parts.memory.podIP, port);
  }

  refreshVolumes(container: Container): void {
    try {
      this.#writeVolumes(container);
    } catch (error) {
      this.#parts.log(`${container.name}: volumes stay as they are: ${String(error)}`);
    }
  }

  logTail(container: Container): string {
    const file = this.#log(container);
    if (!existsSync(file)) return "";
    const text = readFileSync(file).subarray(-logTailBytes).toString("utf8");
    // <time> <stream> <tag> <line>; of a long line only the end is here.
    const lines = text.split("\n").map((line) => line.replace(/^\S* std(?:out|err) [FP] /, ""));
    return lines.slice(-6).join("\n").trim();
  }

  async cleanUp(): Promise<void> {
    this.#isCleanedUp = true;
    await this.#machine.podbox.deletePod(this.#parts.pod.metadata.uid).catch((error: unknown) => {
      this.#parts.log(`its network stays until podbox starts again: ${String(error)}`);
    });
  }

  /** Where podbox has gone, the container has gone, too: its end is known without the signal. */
  async #signal({ name }: Container, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const { uid } = this.#parts.pod.metadata;
    await this.#machine.podbox.signal(uid, name, signal).catch((error: unknown) => {
      this.#parts.log(`${name}: ${signal} was not sent: ${String(error)}`);
    });
  }

  #exited(container: Container): Promise<Exit> {
    return this.#machine.podbox.exited(this.#parts.pod.metadata.uid, container.name);
  }

  #writeVolumes(container: Container): void {
    const { pod, sources, tokens, folder } = this.#parts;
    const own = join(this.#folder(container), "volumes");
    const shared = join(folder, "volumes");
    for (const { name, mountPath, subPath = "" } of container.volumeMounts ?? []) {
      const volume = pod.spec.volumes.find((candidate) => candidate.name === name);
      if (volume === undefined) {
        throw new PodConfigError(`mount ${mountPath} names no volume: ${name}`);
      }
      const files = volumeFiles(volume, sources, (request) => tokens.get(request));
      // Nobody else makes the part of an emptyDir that is mounted.
      const target = files === undefined ? join(shared, name, subPath) : join(own, name);
      writeVolumeFiles(target, volume, files);
    }
  }

  #log(container: Container): string {
    return join(this.#folder(container), "log");
  }

  #folder({ name }: Container): string {
    return join(this.#parts.folder, name);
  }

  /** Unique for each start, as a container's id is. */
  #id({ name }: Container, startedAt: string): string {
    return `podbox://${this.#parts.pod.metadata.uid}-${name}-${Date.parse(startedAt)}`;
  }
}
