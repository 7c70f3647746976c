import { expect } from "chai";
import { ContainerNode } from "../../../twin/kubelet/container-node.ts";
import type { ContainerNodeParts } from "../../../twin/kubelet/container-node.ts";
import type { ProcessPod, Table, Usage } from "../../../twin/kubelet/podbox.ts";
import { FakeClock, settle } from "./fake-clock.ts";

const table = (port: number): Table => ({
  dns: "172.20.0.10",
  names: {},
  services: {},
  host: {},
  ports: [port],
  egress: {},
  ingress: {},
});
const argoCd: ProcessPod = {
  namespace: "argocd",
  name: "argocd-server-1",
  containers: { server: { log: "/logs/server.log", ports: { 8080: 40_000 } } },
};

describe("ContainerNode", () => {
  let clock: FakeClock;
  let abort: AbortController;
  let calls: string[];
  let log: string[];
  let isRunning: boolean;
  let refuses: boolean;
  let port: number;
  let usage: Usage;

  beforeEach(() => {
    clock = new FakeClock();
    abort = new AbortController();
    calls = [];
    log = [];
    isRunning = false;
    refuses = false;
    port = 80;
    usage = {};
  });
  afterEach(() => {
    abort.abort();
  });

  function nodeOf(changes: Partial<ContainerNodeParts["podbox"]> = {}): ContainerNode {
    const say = (call: string): Promise<void> => {
      if (refuses) return Promise.reject(new Error("no answer"));
      calls.push(`${clock.seconds} ${call}`);
      return Promise.resolve();
    };
    return new ContainerNode({
      podbox: {
        pods: () => (isRunning ? Promise.resolve({}) : Promise.reject(new Error("no answer"))),
        deletePod: (uid) => say(`end ${uid}`),
        setNetwork: ({ ports }) => say(`network ${ports.join(" ")}`),
        putProcessPod: (uid, pod) => say(`Pod ${uid} ${Object.keys(pod.containers).join(" ")}`),
        deleteProcessPod: (uid) => say(`no Pod ${uid}`),
        usage: () => Promise.resolve(usage),
        ...changes,
      },
      spec: { name: "1.c.podbox", command: "/podbox", args: ["node"] },
      startProcess: () => {
        calls.push(`${clock.seconds} start`);
        isRunning = true;
        return Promise.resolve({ pid: 7, isNew: true });
      },
      isRunning: () => isRunning,
      table: () => table(port),
      clock,
      signal: abort.signal,
      log: (message) => log.push(message),
    });
  }

  it("starts podbox and gives it its network", async () => {
    await nodeOf().start();
    expect(calls).to.deep.equal(["0 start", "0 network 80"]);
  });

  it("fails where podbox does not answer", async () => {
    const started = nodeOf({ pods: () => Promise.reject(new Error("no answer")) })
      .start()
      .catch((error: unknown) => String(error));
    await clock.advance(11_000);
    expect(await started).to.equal("Error: podbox does not answer within 10 s; see its log");
  });

  it("tells of changes that come together once, and of no change nothing", async () => {
    const node = nodeOf();
    await node.start();
    port = 81;
    for (let change = 0; change < 5; change++) node.networkChanged();
    await clock.advance(1_000);
    node.networkChanged();
    await clock.advance(1_000);
    expect(calls).to.deep.equal(["0 start", "0 network 80", "0.02 network 81"]);
  });

  it("tells of no change before podbox runs, and then of the newest", async () => {
    const node = nodeOf();
    node.networkChanged();
    await clock.advance(1_000);
    expect([calls, log, clock.sleepers]).to.deep.equal([[], [], 0]);
    port = 81;
    await node.start();
    await clock.advance(1_000);
    expect(calls).to.deep.equal(["1 start", "1 network 81"]);
  });

  it("tells of a change that comes while podbox is told its first network", async () => {
    const first = Promise.withResolvers<undefined>();
    const told: number[][] = [];
    const node = nodeOf({
      setNetwork: ({ ports }) => {
        told.push([...ports]);
        return told.length === 1 ? first.promise : Promise.resolve();
      },
    });
    const started = node.start();
    await settle();
    port = 81;
    node.networkChanged();
    first.resolve(undefined);
    await started;
    await clock.advance(1_000);
    expect(told).to.deep.equal([[80], [81]]);
  });

  it("starts podbox again and tells it everything again", async () => {
    const node = nodeOf();
    await node.start();
    node.addProcessPod("u1", argoCd);
    node.addProcessPod("u1", {
      ...argoCd,
      containers: { side: { log: "/logs/side.log", ports: {} } },
    });
    node.addProcessPod("u2", argoCd);
    node.removeProcessPod("u2");
    node.removeProcessPod("u3");
    await settle();
    calls.length = 0;
    isRunning = false;
    await clock.advance(1_000);
    expect(calls).to.deep.equal(["0.5 start", "0.5 network 80", "0.5 Pod u1 server side"]);
    expect(log).to.deep.equal(["podbox ended, with all containers; it is started again"]);
  });

  it("ends the Pods that nobody knows", async () => {
    const pod = { ip: "10.245.0.1", containers: {} };
    const pods = { u1: pod, u2: pod, u3: pod };
    const node = nodeOf({ pods: () => Promise.resolve(pods) });
    await node.start();
    calls.length = 0;
    await node.removeUnknown((uid) => uid === "u2");
    expect(calls).to.deep.equal(["0 end u1", "0 end u3"]);
    refuses = true;
    await node.removeUnknown(() => false);
    expect(log).to.deep.equal(["podbox was not told of Pods that are gone: no answer"]);
  });

  it("says what podbox was not told, and goes on", async () => {
    const node = nodeOf();
    await node.start();
    refuses = true;
    port = 82;
    node.networkChanged();
    await clock.advance(100);
    expect(log).to.deep.equal(["podbox was not told of the network: no answer"]);
    refuses = false;
    await clock.advance(1_000);
    expect(calls.at(-1)).to.match(/ network 82$/);
  });

  it("leaves podbox alone once the kubelet ends", async () => {
    await nodeOf().start();
    abort.abort();
    isRunning = false;
    await clock.advance(60_000);
    expect(calls).to.deep.equal(["0 start", "0 network 80"]);
    expect(clock.sleepers).to.equal(0);
  });

  it("reads every five seconds what the containers use", async () => {
    const node = nodeOf();
    usage = { u1: { web: { cpuSeconds: 1, memoryBytes: 10 } } };
    await node.start();
    await settle();
    expect(node.usage).to.be.undefined;
    const before = { at: clock.now(), usage };
    usage = { u1: { web: { cpuSeconds: 4, memoryBytes: 20 } } };
    await clock.advance(5_000);
    expect(node.usage).to.deep.equal({ before, after: { at: clock.now(), usage } });
  });
});
