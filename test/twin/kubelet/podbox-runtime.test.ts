import { expect } from "chai";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import type { PulledImage } from "../../../twin/kubelet/image-store.ts";
import { PodConfigError } from "../../../twin/kubelet/pod.ts";
import type { Container, Pod, Probe } from "../../../twin/kubelet/pod.ts";
import { PodMemory } from "../../../twin/kubelet/pod-memory.ts";
import { SilentPodbox } from "../../../twin/kubelet/podbox.ts";
import type { ContainerSpec, Ended, PodboxPods } from "../../../twin/kubelet/podbox.ts";
import { PodboxRuntime } from "../../../twin/kubelet/podbox-runtime.ts";
import type { ContainerMachine } from "../../../twin/kubelet/podbox-runtime.ts";
import { ImagePullError } from "../../../twin/kubelet/runtime.ts";
import { ServiceAccountTokens } from "../../../twin/kubelet/service-account-tokens.ts";
import { FakeClock, settle, startOfTime } from "./fake-clock.ts";
import { firstContainer, podOf } from "./fakes.ts";
import { scratchFolder } from "./scratch-folder.ts";

const digest = `sha256:${"0a".repeat(32)}`;
const repository = "123456789012.dkr.ecr.us-west-2.amazonaws.com/idp/web";
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";
const service = {
  name: "web",
  image: `${repository}:v1`,
  env: [{ name: "LEVEL", valueFrom: { configMapKeyRef: { name: "params", key: "level" } } }],
  ports: [{ name: "http", containerPort: 8080 }],
  volumeMounts: [
    { name: "token", mountPath: serviceAccount },
    { name: "params", mountPath: "/app/params" },
    { name: "cache", mountPath: "/cache" },
    { name: "shared", mountPath: "/data", subPath: "a/b" },
  ],
};
const volumes = [
  { name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
  { name: "params", configMap: { name: "params" } },
  { name: "cache", emptyDir: {} },
  { name: "shared", emptyDir: {} },
];

function webPod(changes: object = {}): Pod {
  return podOf({ containers: [{ ...service, ...changes }], volumes });
}

type Method = keyof ContainerMachine["podbox"];

/** A podbox whose containers end when a test says so. Notes what changes something. */
class FakePodbox {
  readonly specs: ContainerSpec[] = [];
  /** What the next call of a method rejects with. */
  readonly failures = new Map<Method, Error>();
  /** Is called before a Pod or container is made. */
  onCall: (call: string) => void = () => undefined;
  /** Containers that SIGTERM does not end. */
  readonly stubborn = new Set<string>();
  /** Exit code and output of a command. */
  code = 0;
  /** This machine's port behind every address. */
  port = 0;
  readonly executed: unknown[] = [];
  readonly dialled: string[] = [];
  readonly #calls: string[];
  readonly #clock: FakeClock;
  readonly #pods = new Map<string, PodboxPods[string]>();
  readonly #ends = new Map<string, PromiseWithResolvers<Ended>>();

  constructor(clock: FakeClock, calls: string[]) {
    this.#clock = clock;
    this.#calls = calls;
  }

  async pods(): Promise<PodboxPods> {
    await this.#answer("pods");
    return structuredClone(Object.fromEntries(this.#pods));
  }

  async putPod(
    uid: string,
    { namespace, name, ip }: { namespace: string; name: string; ip: string },
  ) {
    await this.#answer("putPod", `Pod ${namespace}/${name} ${ip}`);
    this.#pods.set(uid, this.#pods.get(uid) ?? { ip, containers: {} });
  }

  async deletePod(uid: string): Promise<void> {
    await this.#answer("deletePod", "delete Pod");
    for (const name of Object.keys(this.#pods.get(uid)?.containers ?? {})) this.end(uid, name, 137);
    this.#pods.delete(uid);
  }

  async startContainer(uid: string, name: string, spec: ContainerSpec) {
    await this.#answer("startContainer", `start ${name}`);
    this.specs.push(spec);
    return this.run(uid, name);
  }

  async exited(uid: string, name: string): Promise<Ended> {
    return (await this.#ends.get(`${uid} ${name}`)?.promise) ?? { code: 137, oomKilled: false };
  }

  async signal(uid: string, name: string, signal: string): Promise<void> {
    await this.#answer("signal", `${this.#clock.seconds} ${signal} ${name}`);
    if (signal === "SIGKILL") this.end(uid, name, 137);
    else if (!this.stubborn.has(name)) this.end(uid, name, 143);
  }

  async exec(...args: [string, string, readonly string[], number]) {
    await this.#answer("exec");
    this.executed.push(args);
    return { code: this.code, output: "" };
  }

  async dial(ip: string, port: number): Promise<Duplex> {
    await this.#answer("dial");
    this.dialled.push(`${ip}:${port}`);
    return connect({ host: "127.0.0.1", port: this.port });
  }

  /** Lets a container run without a note. */
  run(uid: string, name: string) {
    const started = { pid: 42, startedAt: new Date(this.#clock.now()).toISOString() };
    const pod = this.#pods.get(uid) ?? { ip: "10.245.0.1", containers: {} };
    pod.containers[name] = started;
    this.#pods.set(uid, pod);
    this.#ends.set(`${uid} ${name}`, Promise.withResolvers());
    return started;
  }

  end(uid: string, name: string, code: number, oomKilled = false): void {
    const container = this.#pods.get(uid)?.containers[name];
    if (container === undefined || container.exit !== undefined) return;
    container.exit = { code, oomKilled, finishedAt: new Date(this.#clock.now()).toISOString() };
    this.#ends.get(`${uid} ${name}`)?.resolve({ code, oomKilled });
  }

  async #answer(method: Method, call?: string): Promise<void> {
    if (call !== undefined) {
      this.#calls.push(call);
      this.onCall(call);
    }
    await Promise.resolve();
    const failure = this.failures.get(method);
    if (failure === undefined) return;
    this.failures.delete(method);
    throw failure;
  }
}

const silent = (): SilentPodbox =>
  new SilentPodbox("podbox does not answer on /s/node.sock: ENOENT");

describe("PodboxRuntime", () => {
  let folder: string;
  let clock: FakeClock;
  let abort: AbortController;
  let calls: string[];
  let podbox: FakePodbox;
  let memory: PodMemory;
  let level: string | undefined;
  let log: string[];
  /** Is called with each pull. */
  let pulled: (name: string) => void;

  beforeEach(() => {
    folder = scratchFolder();
    clock = new FakeClock();
    abort = new AbortController();
    calls = [];
    podbox = new FakePodbox(clock, calls);
    memory = rememberedMemory();
    level = "debug";
    log = [];
    pulled = () => undefined;
  });
  afterEach(() => {
    abort.abort();
    rmSync(folder, { recursive: true });
  });

  function rememberedMemory(): PodMemory {
    const fresh = () => ({ podIP: "10.245.0.1", startTime: startOfTime });
    return new PodMemory(join(folder, "u1/runner.json"), fresh, abort.signal);
  }

  function runtimeOf(pod: Pod = webPod()): PodboxRuntime {
    const { signal } = abort;
    const say = (message: string): void => void log.push(message);
    const image: PulledImage = {
      digest,
      folder: "/images/1",
      config: { config: { Entrypoint: ["/web"] } },
    };
    return new PodboxRuntime(
      {
        pod,
        folder: join(folder, "u1"),
        memory,
        tokens: new ServiceAccountTokens(pod, {
          api: {
            create: () => {
              calls.push("token");
              return Promise.resolve({ status: { token: "t0ken" } });
            },
          },
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
        podbox,
        images: {
          pull: (name) =>
            new Promise((resolve) => {
              calls.push(`pull ${name}`);
              pulled(name);
              resolve(image);
            }),
        },
        dns: "172.20.0.10",
        apiServer: { host: "172.20.0.1", port: 443 },
      },
    );
  }

  const web = firstContainer(webPod());
  const read = (file: string): string => readFileSync(join(folder, "u1", file), "utf8");

  /** Why a container does not start. */
  async function refusal(runtime: PodboxRuntime, container: Container = web): Promise<unknown> {
    const nothing = { isRunning: true };
    return runtime.start(container).then(
      () => nothing,
      (reason: unknown) => reason,
    );
  }

  it("runs every container", () => {
    expect(runtimeOf().runs()).to.be.true;
  });

  describe("starting", () => {
    it("pulls the image, writes the files, makes the Pod, then starts the container", async () => {
      const there: boolean[] = [];
      podbox.onCall = () => {
        const files = [
          ...["web/volumes/token/token", "web/volumes/params/level", "etc/hosts"],
          ...["volumes/cache", "volumes/shared/a/b"],
        ];
        there.push(...files.map((file) => existsSync(join(folder, "u1", file))));
      };
      await clock.advance(5_000);
      const { id, imageID, startedAt, exited } = await runtimeOf().start(web);
      expect(calls).to.deep.equal([
        `pull ${repository}:v1`,
        "token",
        "Pod shop/web-0 10.245.0.1",
        "start web",
      ]);
      expect(there).to.deep.equal(new Array(10).fill(true));
      expect(startedAt).to.equal("2026-01-01T00:00:05.000Z");
      expect(id).to.equal(`podbox://u1-web-${Date.parse(startedAt)}`);
      expect(imageID).to.equal(`${repository}@${digest}`);
      podbox.end("u1", "web", 137, true);
      expect(await exited).to.deep.equal({ code: 137, oomKilled: true });
    });

    it("gives the container the Pod's files, each under its own path", async () => {
      await runtimeOf().start(web);
      const root = join(folder, "u1");
      const bind = (source: string, target: string, readOnly: boolean) => ({
        source: join(root, source),
        target,
        readOnly,
        sizeMiB: 0,
      });
      expect(podbox.specs).to.deep.equal([
        {
          image: "/images/1",
          scratch: join(root, "web/scratch"),
          hostname: "web-0",
          args: ["/web"],
          env: [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/",
            "HOSTNAME=web-0",
            "LEVEL=debug",
            "KUBERNETES_SERVICE_HOST=172.20.0.1",
            "KUBERNETES_SERVICE_PORT=443",
          ],
          cwd: "/",
          mounts: [
            bind("volumes/cache", "/cache", false),
            bind("volumes/shared/a/b", "/data", false),
            bind("etc/hosts", "/etc/hosts", true),
            bind("etc/hostname", "/etc/hostname", true),
            bind("etc/resolv.conf", "/etc/resolv.conf", true),
            bind("web/volumes/params", "/app/params", true),
            bind("web/volumes/token", serviceAccount, true),
          ],
          readOnlyRoot: false,
          log: join(root, "web/log"),
          memoryLimitBytes: 0,
        },
      ]);
      expect(read("web/volumes/token/token")).to.equal("t0ken");
      expect(read("web/volumes/params/level")).to.equal("debug");
      expect(read("etc/hosts")).to.include("10.245.0.1\tweb-0\n");
      expect(read("etc/resolv.conf")).to.include("search shop.svc.cluster.local");
      expect(read("etc/resolv.conf")).to.include("nameserver 172.20.0.10\n");
      expect(statSync(join(root, "web")).mode & 0o777).to.equal(0o700);
    });

    it("remembers the start for the next kubelet", async () => {
      await clock.advance(5_000);
      await runtimeOf().start(web);
      expect(rememberedMemory().container("web")).to.deep.equal({
        ports: {},
        restartCount: 0,
        startedAt: "2026-01-01T00:00:05.000Z",
        imageID: `${repository}@${digest}`,
      });
    });

    const other = `sha256:${"1b".repeat(32)}`;
    const names: [string, string][] = [
      [repository, repository],
      [`${repository}:v1`, repository],
      [`${repository}@${other}`, repository],
      [`${repository}:v1@${other}`, repository],
      ["localhost:5000/web", "localhost:5000/web"],
      ["localhost:5000/web:v1", "localhost:5000/web"],
    ];
    for (const [name, expected] of names) {
      it(`says by its digest which image ${name} is`, async () => {
        const pod = webPod({ image: name });
        const { imageID } = await runtimeOf(pod).start(firstContainer(pod));
        expect(imageID).to.equal(`${expected}@${digest}`);
      });
    }

    it("stops what an earlier kubelet left running of the container", async () => {
      podbox.run("u1", "web");
      const starting = runtimeOf().start(web);
      await clock.advance(0);
      await starting;
      expect(calls.slice(2)).to.deep.equal([
        "0 SIGTERM web",
        "Pod shop/web-0 10.245.0.1",
        "start web",
      ]);
    });

    it("starts nothing while the image cannot be had", async () => {
      pulled = () => {
        throw new ImagePullError("failed to pull image");
      };
      expect(await refusal(runtimeOf())).to.be.instanceOf(ImagePullError);
      expect(calls).to.deep.equal([`pull ${repository}:v1`]);
    });

    it("starts nothing while a source is missing", async () => {
      level = undefined;
      const error = await refusal(runtimeOf());
      expect(error).to.be.instanceOf(PodConfigError);
      expect(String(error)).to.include('ConfigMap "params" not found');
      expect(calls).to.deep.equal([`pull ${repository}:v1`, "token"]);
    });

    it("starts nothing with a mount that names no volume", async () => {
      const pod = webPod({ volumeMounts: [{ name: "no", mountPath: "/no" }] });
      const error = await refusal(runtimeOf(pod), firstContainer(pod));
      expect(error).to.be.instanceOf(PodConfigError);
      expect(String(error)).to.include("mount /no names no volume: no");
      expect(calls).to.deep.equal([`pull ${repository}:v1`]);
    });

    it("remembers no start that podbox refuses", async () => {
      podbox.failures.set("startContainer", new Error("exec /web: no such file"));
      expect(String(await refusal(runtimeOf()))).to.equal("Error: exec /web: no such file");
      expect(memory.container("web")).to.be.undefined;
    });

    it("makes no file for a Pod that ended while its image was pulled", async () => {
      pulled = () => {
        abort.abort();
        rmSync(join(folder, "u1"), { recursive: true });
      };
      expect(String(await refusal(runtimeOf()))).to.include("abort");
      expect(calls).to.deep.equal([`pull ${repository}:v1`, "token"]);
      expect(existsSync(join(folder, "u1"))).to.be.false;
    });

    it("starts nothing in a Pod that ended while its network was made", async () => {
      podbox.onCall = () => {
        abort.abort();
      };
      expect(String(await refusal(runtimeOf()))).to.include("abort");
      expect(calls.slice(2)).to.deep.equal(["Pod shop/web-0 10.245.0.1"]);
    });

    it("leaves no network of a Pod that was removed while it was made", async () => {
      const runtime = runtimeOf();
      podbox.onCall = (call) => {
        if (!call.startsWith("Pod")) return;
        abort.abort();
        void runtime.cleanUp();
      };
      expect(String(await refusal(runtime))).to.include("abort");
      expect(await podbox.pods()).to.deep.equal({});
      expect(calls).not.to.include("start web");
    });
  });

  describe("adopting", () => {
    it("takes over the container that an earlier kubelet started", async () => {
      await runtimeOf().start(web);
      memory = rememberedMemory();
      const adopted = await runtimeOf().adopt(web);
      expect(adopted).to.deep.include({
        id: `podbox://u1-web-${Date.parse(startOfTime)}`,
        imageID: `${repository}@${digest}`,
        startedAt: startOfTime,
      });
      podbox.end("u1", "web", 3);
      expect(await adopted?.exited).to.deep.equal({ code: 3, oomKilled: false });
    });

    it("knows how one ended while there was no kubelet", async () => {
      podbox.run("u1", "web");
      podbox.end("u1", "web", 137, true);
      const adopted = await runtimeOf().adopt(web);
      expect(adopted?.imageID).to.equal("");
      expect(await adopted?.exited).to.deep.equal({ code: 137, oomKilled: true });
    });

    it("takes nothing that podbox does not have, nor anything while it is away", async () => {
      expect(await runtimeOf().adopt(web)).to.be.undefined;
      podbox.run("u1", "side");
      podbox.run("u2", "web");
      expect(await runtimeOf().adopt(web)).to.be.undefined;
      podbox.run("u1", "web");
      podbox.failures.set("pods", silent());
      expect(await runtimeOf().adopt(web)).to.be.undefined;
    });
  });

  describe("stopping", () => {
    /** Stops the container; says at which second it was gone. */
    async function stopped(container: Container = web, limitMs?: number): Promise<number> {
      let at = -1;
      const stopping = runtimeOf()
        .stop(container, limitMs)
        .then(() => (at = clock.seconds));
      await clock.advance(60_000);
      await stopping;
      return at;
    }

    it("leaves alone what does not run", async () => {
      expect(await stopped()).to.equal(0);
      podbox.run("u1", "web");
      podbox.end("u1", "web", 0);
      await runtimeOf().stop(web);
      expect(calls).to.deep.equal([]);
    });

    it("sends SIGTERM and waits for the end", async () => {
      podbox.run("u1", "web");
      const stopping = runtimeOf().stop(web);
      await clock.advance(0);
      await stopping;
      expect(calls).to.deep.equal(["0 SIGTERM web"]);
      expect(clock.sleepers, "the limit no longer waits").to.equal(0);
    });

    it("lets a container end by itself within the limit", async () => {
      podbox.run("u1", "web");
      podbox.stubborn.add("web");
      void clock.sleep(9_000).then(() => {
        podbox.end("u1", "web", 0);
      });
      expect(await stopped()).to.equal(9);
      expect(calls).to.deep.equal(["0 SIGTERM web"]);
    });

    for (const [limit, limitMs] of [
      [10, undefined],
      [2, 2_000],
    ] as const) {
      it(`sends SIGKILL after ${limit} s`, async () => {
        podbox.run("u1", "web");
        podbox.stubborn.add("web");
        expect(await stopped(web, limitMs)).to.equal(limit);
        expect(calls).to.deep.equal(["0 SIGTERM web", `${limit} SIGKILL web`]);
      });
    }

    it("sleeps before as the container says, at most a second", async () => {
      podbox.run("u1", "web");
      expect(
        await stopped({ ...web, lifecycle: { preStop: { sleep: { seconds: 15 } } } }),
      ).to.equal(1);
      expect(calls).to.deep.equal(["1 SIGTERM web"]);
    });

    it("has nothing to stop while podbox is away", async () => {
      podbox.run("u1", "web");
      podbox.failures.set("pods", silent());
      expect(await stopped()).to.equal(0);
      expect(calls).to.deep.equal([]);
    });

    it("goes on to the end when podbox ends in between", async () => {
      podbox.run("u1", "web");
      podbox.failures.set("signal", silent());
      podbox.onCall = () => {
        podbox.end("u1", "web", 137);
      };
      expect(await stopped()).to.equal(0);
    });
  });

  describe("probing", () => {
    const times = {
      ...{ initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 5 },
      ...{ successThreshold: 1, failureThreshold: 3 },
    };
    const passes = (probe: Partial<Probe>): Promise<boolean> =>
      runtimeOf().probe(web, { ...times, ...probe });
    let status: number;
    let asked: (string | undefined)[];
    const answering = createServer(({ url }, response) => {
      asked.push(url);
      response.writeHead(status).end();
    });
    before((done) => {
      answering.listen({ host: "127.0.0.1", port: 0 }, done);
    });
    after((done) => {
      answering.close(done);
    });
    beforeEach(() => {
      status = 200;
      asked = [];
      const address = answering.address();
      podbox.port = typeof address === "object" ? (address?.port ?? 0) : 0;
    });

    it("asks the Pod's own address by HTTP", async () => {
      expect(await passes({ httpGet: { path: "/healthz", port: "http" } })).to.be.true;
      status = 500;
      expect(await passes({ httpGet: { path: "/healthz", port: 8081 } })).to.be.false;
      expect(podbox.dialled).to.deep.equal(["10.245.0.1:8080", "10.245.0.1:8081"]);
      expect(asked).to.deep.equal(["/healthz", "/healthz"]);
    });

    it("connects for a probe by TCP", async () => {
      expect(await passes({ tcpSocket: { port: 8080 } })).to.be.true;
      podbox.failures.set("dial", new Error("refused"));
      expect(await passes({ tcpSocket: { port: 8080 } })).to.be.false;
      expect(asked).to.deep.equal([]);
    });

    it("runs a command in the container, within the probe's time", async () => {
      const exec = { command: ["/web", "check"] };
      expect(await passes({ exec })).to.be.true;
      podbox.code = 1;
      expect(await passes({ exec })).to.be.false;
      const call = ["u1", "web", ["/web", "check"], 5];
      expect(podbox.executed).to.deep.equal([call, call]);
    });

    it("passes a probe that asks nothing", async () => {
      expect(await passes({})).to.be.true;
      expect([podbox.dialled, podbox.executed]).to.deep.equal([[], []]);
    });

    it("says so when podbox cannot ask", async () => {
      podbox.failures.set("exec", silent());
      const error: unknown = await passes({ exec: { command: ["/web"] } }).catch(
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(SilentPodbox);
    });
  });

  it("brings volumes up to date, and keeps them while a source is missing", async () => {
    const runtime = runtimeOf();
    await runtime.start(web);
    const kept = join(folder, "u1/volumes/shared/a/b/kept");
    writeFileSync(kept, "by the Pod");
    level = "info";
    runtime.refreshVolumes(web);
    expect(read("web/volumes/params/level")).to.equal("info");
    level = undefined;
    runtime.refreshVolumes(web);
    expect(read("web/volumes/params/level")).to.equal("info");
    expect(readFileSync(kept, "utf8")).to.equal("by the Pod");
    expect(log).to.deep.equal([
      'web: volumes stay as they are: Error: ConfigMap "params" not found',
    ]);
  });

  describe("the last words", () => {
    const at = "2026-01-01T00:00:00.123456789Z";
    function write(...lines: string[]): void {
      mkdirSync(join(folder, "u1/web"), { recursive: true });
      writeFileSync(join(folder, "u1/web/log"), lines.map((line) => `${line}\n`).join(""));
    }

    it("are the last five lines as the container wrote them", () => {
      write(...[1, 2, 3, 4].map((line) => `${at} stdout F line  ${line}`));
      write(
        ...[1, 2, 3, 4].map((line) => `${at} stdout F line  ${line}`),
        `${at} stderr F panic: stdout F`,
        `${at} stderr P exit status 2`,
      );
      expect(runtimeOf().logTail(web)).to.equal(
        "line  2\nline  3\nline  4\npanic: stdout F\nexit status 2",
      );
    });

    it("are the end of a line that is long", () => {
      const words = `{"stack":"${"x".repeat(5_000)}","error":"no database"}`;
      write(`${at} stdout F ${words}`);
      expect(runtimeOf().logTail(web)).to.have.length(4_095);
      expect(runtimeOf().logTail(web)).to.match(/x","error":"no database"}$/);
    });

    it("are none before it wrote", () => {
      expect(runtimeOf().logTail(web)).to.equal("");
      write();
      expect(runtimeOf().logTail(web)).to.equal("");
    });
  });

  describe("cleaning up", () => {
    it("removes the Pod from podbox", async () => {
      const runtime = runtimeOf();
      const { exited } = await runtime.start(web);
      await runtime.cleanUp();
      expect(await podbox.pods()).to.deep.equal({});
      expect(await exited).to.deep.equal({ code: 137, oomKilled: false });
      await settle();
      expect(log).to.deep.equal([]);
    });

    it("says what stays when podbox is away", async () => {
      podbox.failures.set("deletePod", silent());
      await runtimeOf().cleanUp();
      expect(log).to.deep.equal([
        `its network stays until podbox starts again: ${String(silent())}`,
      ]);
    });
  });
});
