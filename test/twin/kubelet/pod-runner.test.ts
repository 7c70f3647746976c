import { expect } from "chai";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { KubeApiError } from "../../../twin/cluster/kube-api.ts";
import type { Pod } from "../../../twin/kubelet/pod.ts";
import { PodRunner } from "../../../twin/kubelet/pod-runner.ts";
import type { PodParts } from "../../../twin/kubelet/runtime.ts";
import type { Dial, Exit } from "../../../twin/kubelet/runtime.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeRuntime, podOf } from "./fakes.ts";
import { scratchFolder } from "./scratch-folder.ts";

const pod = podOf({
  terminationGracePeriodSeconds: 30,
  initContainers: [
    { name: "first", image: "i" },
    { name: "second", image: "i" },
  ],
  containers: [
    { name: "web", image: "w" },
    { name: "side", image: "s", readinessProbe: { tcpSocket: { port: 80 } } },
  ],
});

describe("PodRunner", () => {
  let folder: string;
  let clock: FakeClock;
  let runtime: FakeRuntime;
  let given: PodParts | undefined;
  let calls: string[];
  let refusals: Error[];
  let log: string[];
  let addresses: number;
  let runners: PodRunner[];

  beforeEach(() => {
    folder = scratchFolder();
    clock = new FakeClock();
    runtime = new FakeRuntime(clock);
    given = undefined;
    calls = [];
    refusals = [];
    log = [];
    addresses = 0;
    runners = [];
  });
  afterEach(async () => {
    await Promise.all(runners.map((runner) => runner.end(false)));
    rmSync(folder, { recursive: true });
  });

  function run(of: Pod = pod): PodRunner {
    const runner = new PodRunner(of, {
      api: {
        create: () => Promise.resolve({ status: { token: "t0ken" } }),
        patch: (path) => {
          calls.push(`${clock.seconds} patch ${path}`);
          return Promise.resolve({});
        },
        delete: (path) => {
          calls.push(`${clock.seconds} delete ${path}`);
          const refusal = refusals.shift();
          return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
        },
      },
      pods: folder,
      contents: { configMap: () => undefined, secret: () => undefined },
      freeAddress: () => `10.245.0.${(addresses += 1)}`,
      hostIP: "10.243.0.1",
      createRuntime: (parts) => {
        given = parts;
        return runtime;
      },
      clock,
      log: (message) => log.push(message),
    });
    runners.push(runner);
    return runner;
  }

  /** Lets both init containers succeed. */
  async function initialize(): Promise<void> {
    for (const name of ["first", "second"]) {
      await clock.advance(0);
      runtime.exit(name, 0);
    }
    await clock.advance(0);
  }

  it("runs init containers one after the other, then the others side by side", async () => {
    run();
    await initialize();
    expect(runtime.calls).to.deep.equal([
      "0 start first",
      "0 stop first",
      "0 start second",
      "0 stop second",
      "0 start web",
      "0 start side",
    ]);
  });

  it("goes on where an earlier kubelet was killed", async () => {
    run();
    await initialize();
    runtime = new FakeRuntime(clock);
    const startedAt = "2025-12-31T23:00:00.000Z";
    const exited = new Promise<Exit>(() => undefined);
    runtime.adoptable.set("web", { id: "fake://7", imageID: "", startedAt, exited });
    const second = run();
    await clock.advance(0);
    expect(runtime.calls).to.deep.equal(["0 start side"]);
    expect(second.podIP).to.equal("10.245.0.1");
    expect(addresses).to.equal(1);
  });

  it("leads to the ports of containers that are ready", async () => {
    let passes = false;
    runtime.passes = () => passes;
    const runner = run(podOf({ containers: [{ name: "side", image: "s", readinessProbe: {} }] }));
    const dial: Dial = () => Promise.reject(new Error("not called"));
    runtime.dials.set(80, dial);
    expect(runner.readyDial(80)).to.be.undefined;
    await clock.advance(0);
    expect(runner.readyDial(80)).to.be.undefined;
    passes = true;
    await clock.advance(1_000);
    expect(runner.readyDial(80)).to.equal(dial);
    expect(runner.readyDial(81)).to.be.undefined;
    void runner.end(false);
    expect(runner.readyDial(80)).to.be.undefined;
  });

  it("reports its status, and again when the node was given up for a while", async () => {
    const runner = run();
    await initialize();
    await clock.advance(1_000);
    const before = calls.length;
    expect(calls.at(-1)).to.match(/ patch \/api\/v1\/namespaces\/shop\/pods\/web-0\/status$/);
    runner.update({ ...pod, status: { conditions: [{ type: "Ready", status: "False" }] } });
    await clock.advance(1_000);
    expect(calls).to.have.length(before + 1);
    expect(runner.pod.status?.conditions).to.have.length(1);
  });

  it("reads downward API fields of the Pod's newest version", () => {
    const runner = run();
    const label = (): string | undefined => given?.sources.field("metadata.labels['tier']");
    expect([label(), given?.sources.field("status.podIP")]).to.deep.equal(["", "10.245.0.1"]);
    runner.update({ ...pod, metadata: { ...pod.metadata, labels: { tier: "front" } } });
    expect(label()).to.equal("front");
  });

  it("refreshes volumes once for changes that come together, of containers that run", async () => {
    const runner = run();
    runner.refreshSoon();
    await clock.advance(1_000);
    runtime.exit("first", 0);
    await clock.advance(0);
    runtime.exit("second", 0);
    await clock.advance(0);
    runtime.calls.length = 0;
    runner.refreshSoon();
    await clock.advance(500);
    runner.refreshSoon();
    await clock.advance(5_000);
    expect(runtime.calls).to.deep.equal(["2 refresh web", "2 refresh side"]);
  });

  it("stops everything, confirms the deletion and leaves no file", async () => {
    const runner = run();
    await initialize();
    runtime.calls.length = 0;
    calls.length = 0;
    await runner.end(true);
    expect(runtime.calls).to.deep.equal([
      "0 stop first within 15",
      "0 stop second within 15",
      "0 stop web within 15",
      "0 stop side within 15",
      "0 clean up",
    ]);
    expect(calls).to.deep.equal(["0 delete /api/v1/namespaces/shop/pods/web-0"]);
    await clock.advance(60_000);
    expect(readdirSync(folder)).to.deep.equal([]);
    expect(runtime.calls).to.have.length(5);
    expect(calls).to.have.length(1);
    expect(clock.sleepers).to.equal(0);
  });

  it("gives the containers the time that the deletion asks for, up to the twin's limit", async () => {
    const runner = run();
    runner.update({ ...pod, metadata: { ...pod.metadata, deletionGracePeriodSeconds: 4 } });
    runtime.calls.length = 0;
    await runner.end(true);
    expect(runtime.calls).to.include("0 stop web within 4");
  });

  it("keeps the Pod's folder until the API server has taken the end", async () => {
    refusals.push(new Error("connect ECONNREFUSED"));
    const runner = run();
    const done = runner.end(true);
    await clock.advance(500);
    expect(existsSync(join(folder, "u1"))).to.be.true;
    await clock.advance(500);
    await done;
    expect(existsSync(join(folder, "u1"))).to.be.false;
    expect(log).to.include("shop/web-0: cannot finish the deletion: Error: connect ECONNREFUSED");
  });

  it("tells nobody of a Pod that was deleted by force", async () => {
    const runner = run();
    await runner.end(false);
    expect(calls).to.deep.equal([]);
  });

  it("ends once", async () => {
    const runner = run();
    await clock.advance(0);
    refusals.push(new KubeApiError(404, "not found"));
    await Promise.all([runner.end(true), runner.end(false)]);
    expect(calls.filter((call) => call.includes("delete"))).to.have.length(1);
  });
});
