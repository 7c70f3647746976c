import { expect } from "chai";
import { z } from "zod";
import { KubeApiError } from "../../../twin/cluster/kube-api.ts";
import type { Pod } from "../../../twin/kubelet/pod.ts";
import type { ContainerRuntime, PodRuntime } from "../../../twin/kubelet/pod-status.ts";
import { StatusReporter } from "../../../twin/kubelet/status-reporter.ts";
import { FakeClock, startOfTime } from "./fake-clock.ts";
import { podOf } from "./fakes.ts";

const Patch = z.object({
  metadata: z.object({ uid: z.string() }),
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })),
  }),
});

const web = { name: "web", image: "w" };
const path = "/api/v1/namespaces/shop/pods/web-0";

describe("StatusReporter", () => {
  let clock: FakeClock;
  let abort: AbortController;
  let pod: Pod;
  let container: ContainerRuntime;
  let calls: string[];
  let answers: Error[];
  let log: string[];
  let reporter: StatusReporter;

  beforeEach(() => {
    clock = new FakeClock();
    abort = new AbortController();
    pod = podOf({ containers: [web] });
    container = runs(false);
    calls = [];
    answers = [];
    log = [];
    const answer = (call: string): Promise<void> => {
      calls.push(`${clock.seconds} ${call}`);
      const error = answers.shift();
      return error === undefined ? Promise.resolve() : Promise.reject(error);
    };
    reporter = new StatusReporter({
      api: {
        patch: (address, object, kind) => answer(`${kind} ${address} ${summary(object)}`),
        delete: (address, options) => answer(`delete ${address} ${JSON.stringify(options)}`),
      },
      pod: () => pod,
      podRuntime: (): PodRuntime => ({
        podIP: "10.245.0.1",
        hostIP: "10.243.0.1",
        startTime: startOfTime,
        initContainers: new Map(),
        containers: new Map([["web", container]]),
      }),
      clock,
      signal: abort.signal,
      log: (message) => log.push(`${clock.seconds} ${message}`),
    });
  });
  afterEach(() => {
    abort.abort();
  });

  function runs(ready: boolean): ContainerRuntime {
    return {
      state: { running: { startedAt: startOfTime } },
      ready,
      restartCount: 0,
      id: "fake://7",
    };
  }

  /** Uid, and which conditions are true. */
  function summary(object: unknown): string {
    const { metadata, status } = Patch.parse(object);
    const isTrue = status.conditions.filter((condition) => condition.status === "True");
    return [metadata.uid, ...isTrue.map(({ type }) => type)].join(" ");
  }

  const unready = `strategic-merge-patch ${path}/status u1 PodScheduled Initialized`;
  const ready = `${unready} ContainersReady Ready`;

  it("reports changes that come together once", async () => {
    reporter.reportSoon();
    await clock.advance(10);
    container = runs(true);
    reporter.reportSoon();
    await clock.advance(1_000);
    expect(calls).to.deep.equal([`0.02 ${ready}`]);
  });

  it("reports what changed while it reported", async () => {
    reporter.reportSoon();
    await clock.advance(20);
    container = runs(true);
    reporter.reportSoon();
    await clock.advance(1_000);
    expect(calls).to.deep.equal([`0.02 ${unready}`, `0.04 ${ready}`]);
  });

  it("says nothing twice", async () => {
    reporter.reportSoon();
    await clock.advance(1_000);
    reporter.reportSoon();
    await clock.advance(1_000);
    expect(calls).to.deep.equal([`0.02 ${unready}`]);
  });

  it("tries again after a second when the API server did not take it", async () => {
    answers.push(new KubeApiError(500, "etcd is away"));
    reporter.reportSoon();
    await clock.advance(2_000);
    expect(calls).to.deep.equal([`0.02 ${unready}`, `1.04 ${unready}`]);
    expect(log).to.deep.equal(["0.02 status not reported: KubeApiError: etcd is away"]);
  });

  it("lets a Pod that is gone be", async () => {
    answers.push(new KubeApiError(404, "not found"));
    reporter.reportSoon();
    await clock.advance(2_000);
    expect(calls).to.deep.equal([`0.02 ${unready}`]);
    expect(log).to.deep.equal([]);
  });

  it("reports again what the object contradicts, and only that", async () => {
    container = runs(true);
    reporter.compare(withReady("False")); // Nothing is reported yet.
    reporter.reportSoon();
    await clock.advance(1_000);
    reporter.compare(withReady("True"));
    reporter.compare(podOf({ containers: [web] }));
    await clock.advance(1_000);
    expect(calls).to.have.length(1);
    reporter.compare(withReady("False"));
    await clock.advance(1_000);
    expect(calls).to.deep.equal([`0.02 ${ready}`, `2.02 ${ready}`]);
  });

  function withReady(status: string): Pod {
    return { ...pod, status: { conditions: [{ type: "Ready", status }] } };
  }

  it("reports nothing once the Pod ends", async () => {
    reporter.reportSoon();
    abort.abort();
    await clock.advance(1_000);
    expect(calls).to.deep.equal([]);
  });

  const deletion = `delete ${path} {"gracePeriodSeconds":0,"preconditions":{"uid":"u1"}}`;

  it("confirms the deletion until the API server takes it", async () => {
    answers.push(new Error("connect ECONNREFUSED"));
    abort.abort();
    const done = reporter.confirmDeletion();
    await clock.advance(1_000);
    await done;
    expect(calls).to.deep.equal([`0 ${deletion}`, `1 ${deletion}`]);
    expect(log).to.deep.equal(["0 cannot finish the deletion: Error: connect ECONNREFUSED"]);
  });

  for (const status of [404, 409]) {
    it(`has nothing to confirm when the API server answers ${status}`, async () => {
      answers.push(new KubeApiError(status, "no such Pod"));
      await reporter.confirmDeletion();
      expect(calls).to.deep.equal([`0 ${deletion}`]);
    });
  }
});
