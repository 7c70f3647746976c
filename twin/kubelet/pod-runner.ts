import { removeTree } from "../../lib/remove-tree.ts";
import { writeWhole } from "../../lib/write-file.ts";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { freePorts } from "../state/ports.ts";
import {
  isRunning,
  listProcesses,
  logTail,
  startProcess,
  stopProcess,
} from "../process/processes.ts";
import type { ExitCode, ProcessSpec, Started } from "../process/processes.ts";
import type { BinaryName } from "../toolchain/tools.ts";
import type { ClusterInfo } from "../cluster/cluster.ts";
import { kubeconfig } from "../cluster/credentials.ts";
import { unlessStatus } from "../cluster/kube-api.ts";
import type { KubeApi } from "../cluster/kube-api.ts";
import { PodConfigError, podField } from "./pod.ts";
import type { Container, Pod, Probe, Sources } from "./pod.ts";
import { expand, podEnvironment } from "./pod-environment.ts";
import { backoffSeconds, podStatus } from "./pod-status.ts";
import type { ContainerRuntime, PodRuntime, PodStatus, Terminated } from "./pod-status.ts";
import { containerPaths, pathRewriter, volumeFiles, writeVolumes } from "./pod-volumes.ts";
import { answers, probeTarget } from "./probe.ts";
import type { ServicePorts } from "./service-ports.ts";
import { socketPlaceholder, workloadOf } from "../cluster/workloads.ts";
import type { Workload } from "../cluster/workloads.ts";

/** What a Pod's processes need of their surroundings. */
export interface Surroundings {
  readonly api: KubeApi;
  readonly info: ClusterInfo;
  /** Start of the names of the processes. */
  readonly processPrefix: string;
  /** Folder of all Pods. */
  readonly pods: string;
  /** Folder of their sockets. */
  readonly sockets: string;
  readonly servicePorts: ServicePorts;
  readonly binary: (name: BinaryName) => string;
  /** PATH of the processes: their helpers (git, helm) are called by name. */
  readonly path: string;
  /** The Pod's ConfigMaps and Secrets. */
  readonly contents: Pick<Sources, "configMap" | "secret">;
  /** Variables that give a service account's Pods their AWS credentials; none where it has no role. */
  readonly identity: (namespace: string, serviceAccount: string) => Record<string, string>;
  readonly podIP: (remembered: string | undefined) => string;
  readonly hostIP: string;
}

/** What the smallest of the usual systems takes (macOS: 104 bytes with the end of the string). */
const socketPathLimit = 103;

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** A kubelet gives a Pod what it asks for; the twin's users wait for it. */
const graceLimitSeconds = 15;
/** Until a container is ready for the first time its probe asks this often, whatever its period is. */
const eagerProbeMs = 1_000;
/** A container that ran this long has not failed to start. */
const stableMs = 600_000;

const Remembered = z.strictObject({
  podIP: z.string(),
  startTime: z.string(),
  initialized: z.boolean(),
  containers: z.record(
    z.string(),
    z.strictObject({
      ports: z.record(z.string(), z.int()),
      restartCount: z.int(),
      startedAt: z.string(),
    }),
  ),
});
type Remembered = z.infer<typeof Remembered>;

/** Whether a Pod has a container that runs for real. */
export function isProcessPod(pod: Pod): boolean {
  return [...pod.spec.initContainers, ...pod.spec.containers].some(
    (container) => rowOf(pod, container) !== undefined,
  );
}

function rowOf(pod: Pod, { name, image }: Container): Workload | undefined {
  const { name: podName, labels } = pod.metadata;
  return workloadOf({ podName, labels, container: name, image });
}

/** Name of a container's process. */
export function podProcessName(prefix: string, pod: Pod, container: string): string {
  return `${prefix}pod.${pod.metadata.namespace}.${pod.metadata.name}.${container}`;
}

/**
 * One Pod: runs its containers, restarts what ends, probes, reports, and ends it all when the Pod is deleted.
 *
 * What it needs to find its processes again is in the Pod's folder, so a new process kubelet goes on where an earlier
 * one was killed.
 */
export class PodRunner {
  readonly #with: Surroundings;
  readonly #folder: string;
  readonly #abort = new AbortController();
  readonly #memory: Remembered;
  readonly #init = new Map<string, ContainerRuntime>();
  readonly #main = new Map<string, ContainerRuntime>();
  readonly #tokens = new Map<string, string>();
  #pod: Pod;
  #reported: PodStatus | undefined;
  #reporting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  #isContradicted = false;
  #refreshing: NodeJS.Timeout | undefined;

  constructor(pod: Pod, surroundings: Surroundings) {
    this.#pod = pod;
    this.#with = surroundings;
    this.#folder = join(surroundings.pods, pod.metadata.uid);
    const memory = readMemory(this.#memoryFile);
    this.#memory = memory ?? {
      podIP: "",
      startTime: new Date().toISOString(),
      initialized: false,
      containers: {},
    };
    this.#memory.podIP = surroundings.podIP(memory?.podIP);
    this.#remember();
    void this.#run();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get podIP(): string {
    return this.#memory.podIP;
  }

  /** The local port behind a container port, while its container is ready. */
  readyPort(containerPort: number): number | undefined {
    return this.#pod.spec.containers
      .filter(({ name }) => this.#main.get(name)?.ready === true)
      .map(({ name }) => this.#memory.containers[name]?.ports[containerPort])
      .find((port) => port !== undefined);
  }

  /** Takes the object's new version. */
  update(pod: Pod): void {
    this.#pod = pod;
    const said = this.#reported?.conditions.find(({ type }) => type === "Ready");
    const stands = pod.status?.conditions.find(({ type }) => type === "Ready");
    // The node was given up for a while (the machine slept), and its Pods marked as not ready.
    if (said !== undefined && stands !== undefined && said.status !== stands.status) {
      this.#isContradicted = true;
      this.#reporting ??= this.#report();
    }
  }

  /**
   * Brings mounted ConfigMaps and Secrets up to date, once for changes that come together. Containers are not restarted,
   * as under a kubelet.
   */
  refreshSoon(): void {
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined;
      if (!this.#isEnding()) this.#refreshVolumes();
    }, 1_000);
  }

  #refreshVolumes(): void {
    for (const container of this.#pod.spec.containers) {
      const row = rowOf(this.#pod, container);
      if (row === undefined || this.#main.get(container.name)?.pid === undefined) continue;
      try {
        this.#writeVolumes(container, row);
      } catch (error) {
        this.#say(`${container.name}: volumes stay as they are: ${String(error)}`);
      }
    }
  }

  /**
   * Ends the containers and forgets the Pod.
   * @param isOrderly the object is still there and waits for its kubelet's word.
   */
  end(isOrderly: boolean): Promise<void> {
    this.#ending ??= this.#end(isOrderly);
    return this.#ending;
  }

  async #end(isOrderly: boolean): Promise<void> {
    this.#abort.abort();
    const { metadata, spec } = this.#pod;
    const asked = metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds;
    const limitMs = Math.min(asked, graceLimitSeconds) * 1000;
    await Promise.all(
      [...spec.initContainers, ...spec.containers]
        .filter((container) => rowOf(this.#pod, container) !== undefined)
        .map(({ name }) => stopProcess(this.#processName(name), limitMs)),
    );
    while (isOrderly) {
      try {
        const options = { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } };
        await unlessStatus(409, unlessStatus(404, this.#with.api.delete(this.#path, options)));
        break;
      } catch (error) {
        this.#say(`cannot finish the deletion: ${String(error)}`);
        await sleep(1_000);
      }
    }
    removeTree(this.#folder);
    rmSync(this.#socketPath, { force: true });
  }

  async #run(): Promise<void> {
    const { initContainers, containers } = this.#pod.spec;
    for (const container of initContainers) await this.#initialize(container);
    this.#memory.initialized = true;
    this.#remember();
    await Promise.all(containers.map((container) => this.#supervise(container)));
  }

  async #initialize(container: Container): Promise<void> {
    const row = rowOf(this.#pod, container);
    const startedAt = new Date().toISOString();
    let restartCount = 0;
    if (row !== undefined && !this.#memory.initialized) {
      while (!this.#isEnding()) {
        const started = await this.#start(container, row, this.#init);
        if (started === undefined) return;
        this.#set(this.#init, container, running(started.pid, startedAt, restartCount, false));
        const exitCode = await this.#exitOf(container.name, started);
        await stopProcess(this.#processName(container.name));
        if (exitCode === 0 || this.#isEnding()) break;
        restartCount += 1;
        const lastState = { terminated: this.#terminated(container.name, exitCode, startedAt) };
        await this.#backOff(this.#init, container, restartCount, { restartCount, lastState });
      }
    }
    const terminated: Terminated = {
      exitCode: 0,
      reason: "Completed",
      startedAt,
      finishedAt: new Date().toISOString(),
    };
    this.#set(this.#init, container, { state: { terminated }, ready: true, restartCount });
  }

  async #supervise(container: Container): Promise<void> {
    const row = rowOf(this.#pod, container);
    if (row === undefined) {
      const { startTime } = this.#memory;
      this.#set(this.#main, container, {
        state: { running: { startedAt: startTime } },
        ready: true,
        restartCount: 0,
      });
      return;
    }
    let failures = 0;
    // It ended while there was no process kubelet.
    if (
      this.#memory.containers[container.name] !== undefined &&
      this.#adopt(container) === undefined
    ) {
      this.#memoryOf(container.name).restartCount += 1;
    }
    while (!this.#isEnding()) {
      const started = this.#adopt(container) ?? (await this.#start(container, row, this.#main));
      if (started === undefined) return;
      const { startedAt, restartCount } = this.#memoryOf(container.name);
      const hasProbe = container.readinessProbe !== undefined;
      this.#set(this.#main, container, running(started.pid, startedAt, restartCount, !hasProbe));
      for (const address of row.publishes ?? []) {
        await this.#with.servicePorts.rewrite(address, this.#pod.metadata.namespace);
      }
      const exitCode = await this.#watchOver(container, started);
      if (this.#isEnding()) return;
      this.#say(`${container.name} ended with ${exitCode}`);
      if (Date.now() - Date.parse(startedAt) > stableMs) failures = 0;
      failures += 1;
      const lastState = { terminated: this.#terminated(container.name, exitCode, startedAt) };
      this.#memoryOf(container.name).restartCount += 1;
      this.#remember();
      const counted = { restartCount: restartCount + 1, lastState };
      await this.#backOff(this.#main, container, failures, counted);
    }
  }

  /** Waits for the container's process to end; meanwhile probes it, and ends it itself when it does not live. */
  async #watchOver(container: Container, started: Started): Promise<ExitCode> {
    const probes = new AbortController();
    const signal = AbortSignal.any([probes.signal, this.#abort.signal]);
    const probing = this.#probe(container, signal);
    const exitCode = await this.#exitOf(container.name, started);
    probes.abort();
    await probing;
    return exitCode;
  }

  async #probe(container: Container, signal: AbortSignal): Promise<void> {
    const { startupProbe, readinessProbe, livenessProbe } = container;
    if (startupProbe !== undefined) {
      const limitMs = startupProbe.failureThreshold * startupProbe.periodSeconds * 1000;
      const hasStarted = await this.#firstAnswer(container, startupProbe, signal, limitMs);
      if (!hasStarted && !signal.aborted) {
        await this.#kill(container, "startup probe failed");
        return;
      }
    }
    await Promise.all([
      readinessProbe === undefined
        ? undefined
        : this.#probeReadiness(container, readinessProbe, signal),
      livenessProbe === undefined
        ? undefined
        : this.#probeLiveness(container, livenessProbe, signal),
    ]);
  }

  async #probeReadiness(container: Container, probe: Probe, signal: AbortSignal): Promise<void> {
    // A kubelet would first wait `initialDelaySeconds`, and for 30 s more if it came too early once.
    if (!(await this.#firstAnswer(container, probe, signal, Number.POSITIVE_INFINITY))) return;
    this.#setReady(container, true);
    let failures = 0;
    while (await pause(probe.periodSeconds * 1000, signal)) {
      failures = (await this.#ask(container, probe)) ? 0 : failures + 1;
      if (signal.aborted) return;
      this.#setReady(container, failures < probe.failureThreshold);
    }
  }

  async #probeLiveness(container: Container, probe: Probe, signal: AbortSignal): Promise<void> {
    let failures = 0;
    if (!(await pause(probe.initialDelaySeconds * 1000, signal))) return;
    do {
      failures = (await this.#ask(container, probe)) ? 0 : failures + 1;
      if (signal.aborted) return;
      if (failures >= probe.failureThreshold) {
        await this.#kill(container, "liveness probe failed");
        return;
      }
    } while (await pause(probe.periodSeconds * 1000, signal));
  }

  async #firstAnswer(
    container: Container,
    probe: Probe,
    signal: AbortSignal,
    limitMs: number,
  ): Promise<boolean> {
    const deadline = Date.now() + limitMs;
    while (!signal.aborted && Date.now() < deadline) {
      if (await this.#ask(container, probe)) return true;
      await pause(eagerProbeMs, signal);
    }
    return false;
  }

  #ask(container: Container, probe: Probe): Promise<boolean> {
    const target = probeTarget(probe, container, (port) => this.#portOf(container, port));
    return answers(target, probe.timeoutSeconds);
  }

  async #kill(container: Container, why: string): Promise<void> {
    this.#say(`${container.name}: ${why}, it is restarted`);
    await stopProcess(this.#processName(container.name));
  }

  /** The process of an earlier process kubelet, if it still runs. */
  #adopt(container: Container): Started | undefined {
    const name = this.#processName(container.name);
    const found = listProcesses().find((entry) => entry.name === name && entry.running);
    if (found === undefined || this.#memory.containers[container.name] === undefined)
      return undefined;
    return { pid: found.pid, isNew: false };
  }

  /** Starts a container's process, however long its configuration takes to come; undefined when the Pod ends first. */
  async #start(
    container: Container,
    row: Workload,
    states: Map<string, ContainerRuntime>,
  ): Promise<Started | undefined> {
    while (!this.#isEnding()) {
      try {
        const spec = await this.#prepare(container, row);
        if (this.#isEnding()) return undefined;
        // One that an earlier process kubelet left would have other ports.
        await stopProcess(spec.name);
        this.#memoryOf(container.name).startedAt = new Date().toISOString();
        this.#remember();
        return await startProcess(spec);
      } catch (error) {
        const reason =
          error instanceof PodConfigError ? "CreateContainerConfigError" : "RunContainerError";
        const message = error instanceof Error ? error.message : String(error);
        const { restartCount } = this.#memoryOf(container.name);
        const state = { waiting: { reason, message } };
        this.#set(states, container, { state, ready: false, restartCount });
        await pause(1_000, this.#abort.signal);
      }
    }
    return undefined;
  }

  async #prepare(container: Container, row: Workload): Promise<ProcessSpec> {
    const ports = await freePorts(row.ports.length);
    this.#memoryOf(container.name).ports = Object.fromEntries(
      row.ports.map((port, index) => [port, ports[index] ?? 0]),
    );
    await this.#obtainTokens(container);
    const { root, rewrite } = this.#writeVolumes(container, row);
    if (this.#socketPath.length > socketPathLimit) {
      throw new PodConfigError(
        `${this.#socketPath} is too long for a socket; set IDP_TWIN to a folder with a shorter path`,
      );
    }
    mkdirSync(this.#with.sockets, { recursive: true, mode: 0o700 });
    const own = podEnvironment(container, this.#sources);
    const environment: Record<string, string> = {
      PATH: this.#with.path,
      HOME: join(root, "root"),
      TMPDIR: join(root, "tmp"),
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: new URL(this.#with.info.endpoint).port,
      ...this.#with.identity(this.#pod.metadata.namespace, this.#pod.spec.serviceAccountName),
      ...mapValues({ ...row.environment, ...own }, rewrite),
      ...this.#kubeconfig(container, root),
    };
    for (const [name, address] of Object.entries(row.services ?? {})) {
      environment[name] = await this.#with.servicePorts.rewrite(
        own[name] || address,
        this.#pod.metadata.namespace,
      );
    }
    for (const [from, to] of Object.entries(row.rename ?? {})) environment[to] = own[from] ?? "";
    const words = [...(container.command ?? []), ...(container.args ?? [])];
    const passed: Record<Workload["words"], string[]> = {
      "program and arguments": words.slice(1),
      arguments: words,
      "for another program": [],
    };
    const args = [
      ...passed[row.words].map((word) => expand(word, own)),
      ...row.listen((port) => this.#portOf(container, port), this.#pod.metadata.namespace),
    ];
    return {
      name: this.#processName(container.name),
      command: this.#with.binary(row.program),
      args: args.map(rewrite),
      env: mapValues(environment, (value) => value.replaceAll(socketPlaceholder, this.#socketPath)),
      cwd: root,
    };
  }

  #writeVolumes(
    container: Container,
    row: Workload,
  ): { root: string; rewrite: (text: string) => string } {
    const folder = join(this.#folder, container.name);
    const root = join(folder, "root");
    const folders = [...(row.folders ?? []), "/tmp"];
    const rewrite = pathRewriter(containerPaths(container, folders), root);
    writeVolumes(
      container,
      this.#pod.spec.volumes,
      { root, volumes: join(folder, "volumes"), shared: join(this.#folder, "volumes") },
      (volume) =>
        volumeFiles(volume, this.#sources, (request) => this.#tokens.get(tokenKey(request)) ?? ""),
      rewrite,
    );
    for (const path of [...folders, "/root"]) {
      mkdirSync(root + path, { recursive: true, mode: 0o700 });
    }
    return { root, rewrite };
  }

  /** The service account's token, CA and namespace lie in the usual files; a kubeconfig names them for the program. */
  #kubeconfig(container: Container, root: string): Record<string, string> {
    const isMounted = container.volumeMounts?.some(
      ({ mountPath }) => mountPath === serviceAccountFolder,
    );
    if (isMounted !== true) return {};
    const file = join(this.#folder, container.name, "kubeconfig");
    const { namespace } = this.#pod.metadata;
    writeWhole(
      file,
      kubeconfig({
        endpoint: this.#with.info.endpoint,
        certificateAuthority: this.#with.info.certificateAuthority,
        user: this.#pod.spec.serviceAccountName,
        context: "in-cluster",
        namespace,
        credential: { tokenFile: join(root, serviceAccountFolder, "token") },
      }),
    );
    return { KUBECONFIG: file };
  }

  async #obtainTokens(container: Container): Promise<void> {
    const mounted = new Set(container.volumeMounts?.map(({ name }) => name));
    const requests = this.#pod.spec.volumes
      .filter(({ name }) => mounted.has(name))
      .flatMap(({ projected }) => projected?.sources ?? [])
      .flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []);
    for (const request of requests) {
      if (!this.#tokens.has(tokenKey(request))) await this.#renewToken(request);
    }
  }

  async #renewToken(request: TokenRequest): Promise<void> {
    const { namespace, name, uid } = this.#pod.metadata;
    const { expirationSeconds = 3600, audience } = request;
    const answer = TokenAnswer.parse(
      await this.#with.api.create(
        `/api/v1/namespaces/${namespace}/serviceaccounts/${this.#pod.spec.serviceAccountName}/token`,
        {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: {
            expirationSeconds,
            ...(audience === undefined ? {} : { audiences: [audience] }),
            boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
          },
        },
      ),
    );
    this.#tokens.set(tokenKey(request), answer.status.token);
    void this.#renewLater(request, expirationSeconds * 800);
  }

  /** At 80 % of its life, as a kubelet does; an API server that is away is asked again. */
  async #renewLater(request: TokenRequest, afterMs: number): Promise<void> {
    for (let ms = afterMs; await pause(ms, this.#abort.signal); ms = 10_000) {
      try {
        await this.#renewToken(request);
        this.#refreshVolumes();
        return;
      } catch (error) {
        this.#say(`token not renewed: ${String(error)}`);
      }
    }
  }

  /** Exit code; for a process that this process kubelet did not start nobody knows it. */
  async #exitOf(container: string, started: Started): Promise<ExitCode> {
    if (started.exited !== undefined) return started.exited;
    while (isRunning(this.#processName(container))) await sleep(1_000);
    return 255;
  }

  #terminated(container: string, exitCode: number, startedAt: string): Terminated {
    return {
      exitCode,
      reason: exitCode === 0 ? "Completed" : "Error",
      message: logTail(this.#processName(container), 5).slice(-1_000),
      startedAt,
      finishedAt: new Date().toISOString(),
    };
  }

  async #backOff(
    states: Map<string, ContainerRuntime>,
    container: Container,
    failures: number,
    counted: Pick<ContainerRuntime, "restartCount" | "lastState">,
  ): Promise<void> {
    const seconds = backoffSeconds(failures);
    const message = `back-off ${seconds}s restarting failed container=${container.name}`;
    const state = { waiting: { reason: "CrashLoopBackOff", message } };
    this.#set(states, container, { state, ready: false, ...counted });
    await pause(seconds * 1000, this.#abort.signal);
  }

  #setReady(container: Container, ready: boolean): void {
    const current = this.#main.get(container.name);
    if (current === undefined || current.ready === ready || !("running" in current.state)) return;
    this.#set(this.#main, container, { ...current, ready });
  }

  #set(states: Map<string, ContainerRuntime>, container: Container, state: ContainerRuntime): void {
    const lastState = state.lastState ?? states.get(container.name)?.lastState;
    states.set(container.name, lastState === undefined ? state : { ...state, lastState });
    this.#reporting ??= this.#report();
  }

  /** Sends the status until what was sent is what is. */
  async #report(): Promise<void> {
    while (!this.#isEnding()) {
      await sleep(20); // Several containers change together.
      const runtime: PodRuntime = {
        podIP: this.#memory.podIP,
        hostIP: this.#with.hostIP,
        startTime: this.#memory.startTime,
        initContainers: this.#init,
        containers: this.#main,
      };
      const before = this.#reported?.conditions ?? [];
      const status = podStatus(this.#pod, runtime, before, new Date().toISOString());
      if (!this.#isContradicted && JSON.stringify(status) === JSON.stringify(this.#reported)) break;
      this.#isContradicted = false;
      try {
        const patch = { metadata: { uid: this.#pod.metadata.uid }, status };
        const path = `${this.#path}/status`;
        await unlessStatus(404, this.#with.api.patch(path, patch, "strategic-merge-patch"));
        this.#reported = status;
      } catch (error) {
        this.#say(`status not reported: ${String(error)}`);
        await pause(1_000, this.#abort.signal);
      }
    }
    this.#reporting = undefined;
  }

  #isEnding(): boolean {
    return this.#abort.signal.aborted;
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#pod.metadata.namespace}/pods/${this.#pod.metadata.name}`;
  }

  get #sources(): Sources {
    const addresses = { podIP: this.#memory.podIP, hostIP: this.#with.hostIP };
    return { ...this.#with.contents, field: (path) => podField(this.#pod, path, addresses) };
  }

  get #socketPath(): string {
    const id = createHash("sha256").update(this.#pod.metadata.uid).digest("hex").slice(0, 8);
    return join(this.#with.sockets, id);
  }

  #processName(container: string): string {
    return podProcessName(this.#with.processPrefix, this.#pod, container);
  }

  #portOf(container: Container, port: number): number {
    const local = this.#memory.containers[container.name]?.ports[port];
    if (local === undefined) {
      throw new PodConfigError(
        `container ${container.name}: the twin does not play its port ${port}`,
      );
    }
    return local;
  }

  #memoryOf(container: string): Remembered["containers"][string] {
    const known = this.#memory.containers[container];
    if (known !== undefined) return known;
    const fresh = { ports: {}, restartCount: 0, startedAt: new Date().toISOString() };
    this.#memory.containers[container] = fresh;
    return fresh;
  }

  get #memoryFile(): string {
    return join(this.#folder, "runner.json");
  }

  #remember(): void {
    if (!this.#isEnding()) writeWhole(this.#memoryFile, JSON.stringify(this.#memory, null, 2));
  }

  #say(message: string): void {
    const { namespace, name } = this.#pod.metadata;
    console.log(`${new Date().toISOString()} ${namespace}/${name}: ${message}`);
  }
}

interface TokenRequest {
  readonly audience?: string;
  readonly expirationSeconds?: number;
}

const TokenAnswer = z.object({ status: z.object({ token: z.string() }) });

function tokenKey({ audience = "", expirationSeconds = 0 }: TokenRequest): string {
  return `${expirationSeconds} ${audience}`;
}

function readMemory(file: string): Remembered | undefined {
  return existsSync(file) ? Remembered.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
}

function running(
  pid: number,
  startedAt: string,
  restartCount: number,
  ready: boolean,
): ContainerRuntime {
  return { pid, state: { running: { startedAt } }, ready, restartCount };
}

/** Waits; false when the signal came first. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

function mapValues(
  record: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
