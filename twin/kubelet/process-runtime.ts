import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { timestamp } from "../../lib/clock.ts";
import { writeWhole } from "../../lib/write-file.ts";
import type { ClusterInfo } from "../cluster/cluster.ts";
import { kubeconfig } from "../cluster/credentials.ts";
import type { ProcessSpec, ProcessStatus, Started } from "../process/processes.ts";
import type { BinaryName } from "../toolchain/tools.ts";
import { PodConfigError } from "./pod.ts";
import type { Container, Pod, Probe } from "./pod.ts";
import { volumeFiles, writeVolumes } from "./pod-volumes.ts";
import { answers, dialLocal, probeTarget, withoutCommand } from "./probe.ts";
import { imageFolders, processSpec, rootRewriter, serviceAddresses } from "./process-spec.ts";
import type { Dial, Exit, PodParts, RunningContainer, Runtime } from "./runtime.ts";
import type { ServicePorts } from "./service-ports.ts";
import { workloadOf } from "../cluster/workloads.ts";
import type { Workload } from "../cluster/workloads.ts";

/** The twin's processes (twin/process/processes.ts), as far as a runtime uses them. */
export interface Processes {
  startProcess(spec: ProcessSpec): Promise<Started>;
  stopProcess(name: string, limitMs?: number): Promise<void>;
  isRunning(name: string): boolean;
  listProcesses(): ProcessStatus[];
  logTail(name: string, lines?: number): string;
}

/** What all Pods of a cluster that run as processes share. */
export interface ProcessMachine {
  readonly processes: Processes;
  readonly freePorts: (count: number) => Promise<number[]>;
  readonly cluster: Pick<ClusterInfo, "endpoint" | "certificateAuthority">;
  /** Start of the names of the cluster's processes. */
  readonly processPrefix: string;
  /** Folder of the sockets of all Pods. */
  readonly sockets: string;
  readonly servicePorts: Pick<ServicePorts, "rewrite">;
  readonly binary: (name: BinaryName) => string;
  /** PATH of the processes. */
  readonly path: () => string;
  /** Is told of each container that has started, for the kubelet's API. */
  readonly onStarted: (pod: Pod, container: string, started: StartedProcess) => void;
  /** Variables that give a service account's Pods their AWS credentials; none for one without a role. */
  readonly credentials: (namespace: string, serviceAccount: string) => Record<string, string>;
}

/** Where a container's process is found on this machine. */
interface StartedProcess {
  readonly processName: string;
  /** This machine's port by container port. */
  readonly ports: Readonly<Record<string, number>>;
}

/** The smallest limit of the usual systems (macOS: 104 bytes with the end of the string). */
const socketPathLimit = 103;

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Exit code of a process whose end nobody saw. */
const unknownExitCode = 255;
const exitPollMs = 1_000;

/** Whether a Pod has a container that runs as a process. */
export function isProcessPod(pod: Pod): boolean {
  return podWorkloads(pod).size > 0;
}

/** Start of the names of a Pod's processes; the container's name follows. */
export function podProcessPrefix(clusterPrefix: string, { metadata }: Pod): string {
  return `${clusterPrefix}pod.${metadata.namespace}.${metadata.name}.`;
}

/** Runs a Pod's containers as processes of this machine: those that have a row in cluster/workloads.ts. */
export class ProcessRuntime implements Runtime {
  readonly #parts: PodParts;
  readonly #machine: ProcessMachine;
  readonly #workloads: ReadonlyMap<string, Workload>;

  constructor(parts: PodParts, machine: ProcessMachine) {
    this.#parts = parts;
    this.#machine = machine;
    this.#workloads = podWorkloads(parts.pod);
  }

  runs({ name }: Container): boolean {
    return this.#workloads.has(name);
  }

  async start(container: Container): Promise<RunningContainer> {
    const { pod, memory, sources, tokens, clock, signal } = this.#parts;
    const { namespace } = pod.metadata;
    const { processes, servicePorts, cluster } = this.#machine;
    const workload = this.#workloadOf(container);
    const free = await this.#machine.freePorts(workload.ports.length);
    const ports = Object.fromEntries(workload.ports.map((port, index) => [port, free[index] ?? 0]));
    await tokens.obtain(container);
    this.#writeVolumes(container, workload);
    const services: Record<string, string> = {};
    for (const [name, address] of Object.entries(serviceAddresses(container, workload, sources))) {
      services[name] = await servicePorts.rewrite(address, namespace);
    }
    for (const address of workload.publishedServices ?? [])
      await servicePorts.rewrite(address, namespace);
    const spec = processSpec({
      pod,
      container,
      workload,
      sources,
      name: this.#processName(container),
      command: this.#machine.binary(workload.program),
      path: this.#machine.path(),
      root: this.#root(container),
      socket: this.#makeSocketFolder(),
      ports,
      services,
      endpoint: cluster.endpoint,
      credentials: this.#machine.credentials(namespace, pod.spec.serviceAccountName),
      kubeconfig: this.#writeKubeconfig(container),
    });
    signal.throwIfAborted();
    // One that an earlier kubelet left would have other ports.
    await processes.stopProcess(spec.name);
    const startedAt = timestamp(clock);
    memory.updateContainer(container.name, { ports, startedAt });
    const { pid, exited } = await processes.startProcess(spec);
    this.#machine.onStarted(pod, container.name, { processName: spec.name, ports });
    return {
      ...runningProcess(pid, startedAt),
      exited: exited?.then(ended) ?? this.#exitOf(container),
    };
  }

  adopt(container: Container): Promise<RunningContainer | undefined> {
    const name = this.#processName(container);
    const remembered = this.#parts.memory.container(container.name);
    const found = this.#machine.processes
      .listProcesses()
      .find((entry) => entry.name === name && entry.running);
    if (found === undefined || remembered === undefined) return Promise.resolve(undefined);
    const { startedAt, ports } = remembered;
    this.#machine.onStarted(this.#parts.pod, container.name, { processName: name, ports });
    return Promise.resolve({
      ...runningProcess(found.pid, startedAt),
      exited: this.#exitOf(container),
    });
  }

  stop(container: Container, limitMs?: number): Promise<void> {
    return this.#machine.processes.stopProcess(this.#processName(container), limitMs);
  }

  async probe(container: Container, probe: Probe): Promise<boolean> {
    const target = withoutCommand(probeTarget(probe, container), container);
    if (target.kind === "none") return true;
    const dial = this.dial(container, target.port);
    if (dial === undefined) {
      throw new PodConfigError(
        `container ${container.name}: the twin does not play its port ${target.port}`,
      );
    }
    return answers(target, dial, probe.timeoutSeconds);
  }

  dial(container: Container, port: number): Dial | undefined {
    const local = this.#parts.memory.container(container.name)?.ports[port];
    return local === undefined ? undefined : () => dialLocal(local);
  }

  refreshVolumes(container: Container): void {
    try {
      this.#writeVolumes(container, this.#workloadOf(container));
    } catch (error) {
      this.#parts.log(`${container.name}: volumes stay as they are: ${String(error)}`);
    }
  }

  logTail(container: Container): string {
    return this.#machine.processes.logTail(this.#processName(container), 5);
  }

  cleanUp(): Promise<void> {
    rmSync(this.#socket, { force: true });
    return Promise.resolve();
  }

  /** Polls for the end of a process that is not our child. */
  async #exitOf(container: Container): Promise<Exit> {
    const name = this.#processName(container);
    while (this.#machine.processes.isRunning(name)) await this.#parts.clock.sleep(exitPollMs);
    return ended(unknownExitCode);
  }

  #writeVolumes(container: Container, workload: Workload): void {
    const { pod, sources, tokens } = this.#parts;
    const root = this.#root(container);
    writeVolumes(
      container,
      pod.spec.volumes,
      {
        root,
        volumes: join(this.#folder(container), "volumes"),
        shared: join(this.#parts.folder, "volumes"),
      },
      (volume) => volumeFiles(volume, sources, (request) => tokens.get(request)),
      rootRewriter(container, workload, root),
    );
    for (const path of [...imageFolders(workload), "/root"]) {
      mkdirSync(root + path, { recursive: true, mode: 0o700 });
    }
  }

  /** A kubeconfig with the service account's token, or undefined where none is mounted in the usual folder. */
  #writeKubeconfig(container: Container): string | undefined {
    const isMounted = container.volumeMounts?.some(
      ({ mountPath }) => mountPath === serviceAccountFolder,
    );
    if (isMounted !== true) return undefined;
    const { metadata, spec } = this.#parts.pod;
    const { endpoint, certificateAuthority } = this.#machine.cluster;
    const file = join(this.#folder(container), "kubeconfig");
    writeWhole(
      file,
      kubeconfig({
        endpoint,
        certificateAuthority,
        user: spec.serviceAccountName,
        context: "in-cluster",
        namespace: metadata.namespace,
        credential: { tokenFile: join(this.#root(container), serviceAccountFolder, "token") },
      }),
    );
    return file;
  }

  #makeSocketFolder(): string {
    if (this.#socket.length > socketPathLimit) {
      throw new PodConfigError(
        `${this.#socket} is too long for a socket; set IDP_TWIN to a folder with a shorter path`,
      );
    }
    mkdirSync(this.#machine.sockets, { recursive: true, mode: 0o700 });
    return this.#socket;
  }

  get #socket(): string {
    const id = createHash("sha256").update(this.#parts.pod.metadata.uid).digest("hex").slice(0, 8);
    return join(this.#machine.sockets, id);
  }

  #folder(container: Container): string {
    return join(this.#parts.folder, container.name);
  }

  #root(container: Container): string {
    return join(this.#folder(container), "root");
  }

  #processName({ name }: Container): string {
    return podProcessPrefix(this.#machine.processPrefix, this.#parts.pod) + name;
  }

  #workloadOf({ name }: Container): Workload {
    const workload = this.#workloads.get(name);
    if (workload === undefined)
      throw new Error(`container ${name} has no row in cluster/workloads.ts`);
    return workload;
  }
}

function runningProcess(pid: number, startedAt: string) {
  return { id: `process://${pid}`, imageID: "", startedAt };
}

/** Nothing limits the memory of a process. */
function ended(code: number): Exit {
  return { code, oomKilled: false };
}

/** The workload of each container that runs as a process, by the container's name. */
function podWorkloads({ metadata, spec }: Pod): Map<string, Workload> {
  const { name: podName, labels } = metadata;
  return new Map(
    [...spec.initContainers, ...spec.containers].flatMap(({ name, image }) => {
      const workload = workloadOf({ podName, labels, container: name, image });
      return workload === undefined ? [] : [[name, workload]];
    }),
  );
}
