import { expect } from "chai";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { dirname, join } from "node:path";
import type { ProcessSpec, ProcessStatus } from "../../../twin/process/processes.ts";
import { PodConfigError } from "../../../twin/kubelet/pod.ts";
import type { Pod } from "../../../twin/kubelet/pod.ts";
import { PodMemory } from "../../../twin/kubelet/pod-memory.ts";
import {
  isProcessPod,
  podProcessPrefix,
  ProcessRuntime,
} from "../../../twin/kubelet/process-runtime.ts";
import type { ProcessMachine, Processes } from "../../../twin/kubelet/process-runtime.ts";
import type { Exit } from "../../../twin/kubelet/runtime.ts";
import { ServiceAccountTokens } from "../../../twin/kubelet/service-account-tokens.ts";
import { FakeClock, startOfTime } from "./fake-clock.ts";
import { firstContainer, podOf } from "./fakes.ts";
import { scratchFolder } from "./scratch-folder.ts";

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";
const pod = podOf(
  {
    serviceAccountName: "server",
    initContainers: [{ name: "copyutil", image: "quay.io/argoproj/argocd:v3" }],
    containers: [
      {
        name: "argocd-server",
        image: "quay.io/argoproj/argocd:v3",
        command: ["argocd-server"],
        env: [
          { name: "LEVEL", valueFrom: { configMapKeyRef: { name: "params", key: "level" } } },
          { name: "REDIS_SERVER", value: "redis:6379" },
        ],
        ports: [{ name: "http", containerPort: 8080 }],
        volumeMounts: [
          { name: "token", mountPath: serviceAccount },
          { name: "params", mountPath: "/app/params" },
        ],
      },
    ],
    volumes: [
      { name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
      { name: "params", configMap: { name: "params" } },
    ],
  },
  { name: "argocd-server-1", labels: { "app.kubernetes.io/name": "argocd-server" } },
);
const server = firstContainer(pod);
const processName = "1.c.pod.shop.argocd-server-1.argocd-server";

/** Processes that only a list knows. */
class FakeProcesses implements Processes {
  readonly calls: string[] = [];
  readonly specs: ProcessSpec[] = [];
  readonly #running = new Map<string, { pid: number; end?: (exitCode: number) => void }>();

  startProcess(spec: ProcessSpec) {
    this.calls.push(`start ${spec.name}`);
    this.specs.push(spec);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#running.set(spec.name, { pid: 42, end: resolve });
    return Promise.resolve({ pid: 42, isNew: true, exited: promise });
  }

  stopProcess(name: string, limitMs?: number): Promise<void> {
    this.calls.push(`stop ${name}${limitMs === undefined ? "" : ` within ${limitMs}`}`);
    this.end(name, 143);
    return Promise.resolve();
  }

  end(name: string, exitCode: number): void {
    this.#running.get(name)?.end?.(exitCode);
    this.#running.delete(name);
  }

  /** A process that another program started. */
  add(name: string, pid: number): void {
    this.#running.set(name, { pid });
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  listProcesses(): ProcessStatus[] {
    return [...this.#running].map(([name, { pid }]) => ({
      name,
      pid,
      running: true,
      startedAt: startOfTime,
      logFile: "",
    }));
  }

  logTail(name: string, lines?: number): string {
    return `${lines ?? 0} lines of ${name}`;
  }
}

describe("ProcessRuntime", () => {
  let folder: string;
  let clock: FakeClock;
  let abort: AbortController;
  let processes: FakeProcesses;
  let memory: PodMemory;
  let level: string | undefined;
  let rewritten: string[];
  let log: string[];
  let told: unknown[];

  beforeEach(() => {
    folder = scratchFolder();
    clock = new FakeClock();
    abort = new AbortController();
    processes = new FakeProcesses();
    memory = rememberedMemory();
    level = "debug";
    rewritten = [];
    log = [];
    told = [];
  });
  afterEach(() => {
    abort.abort();
    rmSync(folder, { recursive: true });
  });

  function rememberedMemory(): PodMemory {
    const fresh = () => ({ podIP: "10.245.0.1", startTime: startOfTime });
    return new PodMemory(join(folder, "u1/runner.json"), fresh, abort.signal);
  }

  function runtimeOf(changes: Partial<ProcessMachine> = {}, of: Pod = pod): ProcessRuntime {
    const { signal } = abort;
    const say = (message: string): void => void log.push(message);
    return new ProcessRuntime(
      {
        pod: of,
        folder: join(folder, "u1"),
        memory,
        tokens: new ServiceAccountTokens(of, {
          api: { create: () => Promise.resolve({ status: { token: "t0ken" } }) },
          clock,
          signal,
          onRenewed: () => undefined,
          log: say,
        }),
        sources: {
          configMap: () =>
            level === undefined ? undefined : new Map([["level", Buffer.from(level)]]),
          secret: () => undefined,
          field: (path) => path,
        },
        clock,
        signal,
        log: say,
      },
      {
        processes,
        freePorts: (count) => Promise.resolve([15_001, 15_002, 15_003].slice(0, count)),
        cluster: { endpoint: "https://127.0.0.1:16443", certificateAuthority: "Y2E=" },
        processPrefix: "1.c.",
        sockets: join(folder, "s"),
        servicePorts: {
          rewrite: (address, namespace) => {
            rewritten.push(`${namespace} ${address}`);
            return Promise.resolve(`127.0.0.1:${16_000 + rewritten.length}`);
          },
        },
        binary: (name) => `/tools/${name}`,
        path: () => "/tools",
        onStarted: (_pod, container, started) => told.push([container, started]),
        credentials: (namespace, account) => ({ AWS_PROFILE: `${namespace}/${account}` }),
        ...changes,
      },
    );
  }

  it("runs the containers that have a row, and no others", () => {
    const runtime = runtimeOf();
    const all = [...pod.spec.initContainers, ...pod.spec.containers];
    expect(all.filter((container) => runtime.runs(container))).to.deep.equal([server]);
    expect(isProcessPod(pod)).to.be.true;
    expect(isProcessPod({ ...pod, metadata: { ...pod.metadata, labels: {} } })).to.be.false;
  });

  it("starts a process with its files, its ports and the Services that it calls", async () => {
    const { id, startedAt, exited } = await runtimeOf().start(server);
    expect([id, startedAt]).to.deep.equal(["process://42", startOfTime]);
    expect(told).to.deep.equal([
      ["argocd-server", { processName, ports: { 8080: 15_001, 8083: 15_002 } }],
    ]);
    expect(processes.calls).to.deep.equal([`stop ${processName}`, `start ${processName}`]);
    const [spec] = processes.specs;
    const root = join(folder, "u1/argocd-server/root");
    expect(spec?.command).to.equal("/tools/argocd-server");
    expect(spec?.cwd).to.equal(root);
    expect(spec?.args).to.deep.equal([
      "--address=127.0.0.1",
      "--port=15001",
      "--metrics-address=127.0.0.1",
      "--metrics-port=15002",
    ]);
    expect(spec?.env).to.deep.include({
      LEVEL: "debug",
      REDIS_SERVER: "127.0.0.1:16003",
      AWS_PROFILE: "shop/server",
      KUBECONFIG: join(folder, "u1/argocd-server/kubeconfig"),
      PATH: "/tools",
    });
    expect(rewritten).to.deep.equal([
      "shop argocd-repo-server:8081",
      "shop argocd-dex-server:5556",
      "shop redis:6379",
      "shop argocd-server:443", // What it publishes.
    ]);
    expect(readFileSync(join(root, serviceAccount, "token"), "utf8")).to.equal("t0ken");
    expect(readFileSync(join(root, "app/params/level"), "utf8")).to.equal("debug");
    expect(existsSync(join(root, "app/config"))).to.be.true;
    const kubeconfig = readFileSync(join(folder, "u1/argocd-server/kubeconfig"), "utf8");
    expect(kubeconfig)
      .to.include(join(root, serviceAccount, "token"))
      .and.not.include("t0ken");
    processes.end(processName, 3);
    expect(await exited).to.deep.equal({ code: 3, oomKilled: false });
  });

  it("remembers ports and time before the process is there", async () => {
    const start = processes.startProcess.bind(processes);
    processes.startProcess = (spec) => {
      expect(rememberedMemory().container("argocd-server")).to.deep.equal({
        ports: { 8080: 15_001, 8083: 15_002 },
        restartCount: 0,
        startedAt: "2026-01-01T00:00:05.000Z",
        imageID: "",
      });
      return start(spec);
    };
    await clock.advance(5_000);
    const runtime = runtimeOf();
    await runtime.start(server);
    expect(memory.container("argocd-server")?.ports).to.deep.equal({ 8080: 15_001, 8083: 15_002 });
    expect([8080, 8083, 1].map((port) => runtime.dial(server, port) !== undefined)).to.deep.equal([
      true,
      true,
      false,
    ]);
  });

  it("starts nothing while a source is missing", async () => {
    level = undefined;
    const error: unknown = await runtimeOf()
      .start(server)
      .catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(PodConfigError);
    expect(String(error)).to.include('ConfigMap "params" not found');
    expect(processes.calls).to.deep.equal([]);
  });

  it("starts nothing where a socket's path would be too long", async () => {
    const sockets = join(folder, "x".repeat(100));
    const error: unknown = await runtimeOf({ sockets })
      .start(server)
      .catch((reason: unknown) => reason);
    expect(String(error)).to.match(/is too long for a socket; set IDP_TWIN to a folder/);
    expect(processes.calls).to.deep.equal([]);
  });

  it("starts nothing once the Pod ends", async () => {
    const started = runtimeOf().start(server);
    abort.abort();
    const error: unknown = await started.catch((reason: unknown) => reason);
    expect(String(error)).to.include("abort");
    expect(processes.calls).to.deep.equal([]);
  });

  it("adopts the process that an earlier kubelet started, with its ports", async () => {
    const startedAt = "2025-12-31T23:00:00.000Z";
    memory.updateContainer("argocd-server", { ports: { 8080: 15_009 }, startedAt });
    processes.add(processName, 7);
    const runtime = runtimeOf();
    const adopted = await runtime.adopt(server);
    expect(adopted).to.deep.include({ id: "process://7", imageID: "", startedAt });
    expect(runtime.dial(server, 8080)).not.to.be.undefined;
    let exit: Exit | undefined;
    void adopted?.exited.then((how) => (exit = how));
    await clock.advance(5_000);
    expect(exit).to.be.undefined;
    processes.end(processName, 0);
    await clock.advance(1_000);
    expect(exit).to.deep.equal({ code: 255, oomKilled: false });
  });

  it("adopts nothing that has ended, or whose ports it does not know", async () => {
    expect(await runtimeOf().adopt(server)).to.be.undefined;
    processes.add(processName, 7);
    expect(await runtimeOf().adopt(server)).to.be.undefined;
  });

  it("stops a process within the limit, and quotes its output", async () => {
    await runtimeOf().stop(server, 15_000);
    expect(processes.calls).to.deep.equal([`stop ${processName} within 15000`]);
    expect(runtimeOf().logTail(server)).to.equal(`5 lines of ${processName}`);
  });

  it("brings volumes up to date, and keeps them while a source is missing", async () => {
    const runtime = runtimeOf();
    await runtime.start(server);
    const file = join(folder, "u1/argocd-server/root/app/params/level");
    level = "info";
    runtime.refreshVolumes(server);
    expect(readFileSync(file, "utf8")).to.equal("info");
    level = undefined;
    runtime.refreshVolumes(server);
    expect(readFileSync(file, "utf8")).to.equal("info");
    expect(log).to.have.length(1);
    expect(log[0]).to.include('argocd-server: volumes stay as they are: Error: ConfigMap "params"');
  });

  it("removes its socket with the Pod", async () => {
    const runtime = runtimeOf();
    await runtime.start(server);
    const socket = processes.specs[0]?.env?.["ARGOCD_ASK_PASS_SOCK"] ?? "";
    expect(dirname(socket)).to.equal(join(folder, "s"));
    writeFileSync(socket, "");
    await runtime.cleanUp();
    expect(existsSync(socket)).to.be.false;
    await runtime.cleanUp();
  });

  it("names processes after cluster, namespace, Pod and container", () => {
    expect(podProcessPrefix("1.c.", pod) + "argocd-server").to.equal(processName);
  });

  describe("probing", () => {
    let answering: Server;
    let status: number;
    beforeEach((done) => {
      status = 200;
      answering = createServer((_request, response) => response.writeHead(status).end());
      answering.listen({ host: "127.0.0.1", port: 0 }, done);
    });
    afterEach((done) => {
      answering.close(done);
    });

    const probe = {
      httpGet: { path: "/healthz", port: "http" },
      initialDelaySeconds: 0,
      periodSeconds: 10,
      timeoutSeconds: 5,
      successThreshold: 1,
      failureThreshold: 3,
    };

    it("asks the port of this machine that plays the container's", async () => {
      const address = answering.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      memory.updateContainer("argocd-server", { ports: { 8080: port } });
      expect(await runtimeOf().probe(server, probe)).to.be.true;
      status = 500;
      expect(await runtimeOf().probe(server, probe)).to.be.false;
    });

    it("cannot ask a port that is not known", async () => {
      const error: unknown = await runtimeOf()
        .probe(server, probe)
        .catch((reason: unknown) => reason);
      expect(String(error)).to.include("the twin does not play its port 8080");
    });
  });
});
