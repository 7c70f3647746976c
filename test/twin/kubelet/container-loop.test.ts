import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ContainerLoop } from "../../../twin/kubelet/container-loop.ts";
import { PodConfigError } from "../../../twin/kubelet/pod.ts";
import type { RestartPolicy } from "../../../twin/kubelet/pod.ts";
import { ImagePullError, type Exit } from "../../../twin/kubelet/runtime.ts";
import { PodMemory } from "../../../twin/kubelet/pod-memory.ts";
import { FakeClock, settle, startOfTime } from "./fake-clock.ts";
import { FakeRuntime, firstContainer, podOf } from "./fakes.ts";
import { scratchFolder } from "./scratch-folder.ts";

const ready = { httpGet: { path: "/ready", port: 80 } };

describe("ContainerLoop", () => {
  let folder: string;
  let clock: FakeClock;
  let runtime: FakeRuntime;
  let memory: PodMemory;
  let abort: AbortController;
  let log: string[];
  let changes: number;

  beforeEach(() => {
    folder = scratchFolder();
    clock = new FakeClock();
    runtime = new FakeRuntime(clock);
    abort = new AbortController();
    memory = remembered();
    log = [];
    changes = 0;
  });
  afterEach(() => {
    abort.abort();
    rmSync(folder, { recursive: true });
  });

  function remembered(): PodMemory {
    const fresh = () => ({ podIP: "10.245.0.1", startTime: startOfTime });
    return new PodMemory(join(folder, "runner.json"), fresh, abort.signal);
  }

  function loopOf(container: object = {}, restartPolicy: RestartPolicy = "Always"): ContainerLoop {
    const pod = podOf({ containers: [{ name: "web", image: "w", ...container }] });
    return new ContainerLoop(firstContainer(pod), {
      runtime,
      memory,
      restartPolicy,
      clock,
      signal: abort.signal,
      onChange: () => (changes += 1),
      log: (message) => log.push(message),
    });
  }

  describe("of a main container", () => {
    it("starts it and is ready at once without a probe", async () => {
      const loop = loopOf();
      expect(loop.state).to.be.undefined;
      void loop.keepRunning();
      await settle();
      expect(loop.state).to.deep.equal({
        state: { running: { startedAt: startOfTime } },
        ready: true,
        restartCount: 0,
        id: "fake://101",
        imageID: "",
      });
      expect(changes).to.equal(1);
    });

    it("restarts it after 0, 2, 4, 8, 16 and then always 30 seconds", async () => {
      void loopOf().keepRunning();
      await settle();
      for (let failure = 1; failure <= 7; failure++) {
        runtime.exit("web", 1);
        await clock.advance(30_000);
      }
      // It ended at 0, 30, 60, 90, 120, 150 and 180.
      expect(runtime.calls).to.deep.equal(
        [0, 0, 32, 64, 98, 136, 180, 210].map((second) => `${second} start web`),
      );
      expect(log).to.deep.equal(Array(7).fill("web ended with 1"));
    });

    it("tells that it backs off, and how the container ended", async () => {
      const loop = loopOf();
      void loop.keepRunning();
      await settle();
      runtime.exit("web", 1);
      await clock.advance(1_000);
      runtime.exit("web", 7);
      await settle();
      const terminated = {
        exitCode: 7,
        reason: "Error",
        message: "last words of web",
        startedAt: startOfTime,
        finishedAt: "2026-01-01T00:00:01.000Z",
      };
      expect(loop.state).to.deep.equal({
        state: {
          waiting: {
            reason: "CrashLoopBackOff",
            message: "back-off 2s restarting failed container=web",
          },
        },
        imageID: "",
        lastState: { terminated },
        ready: false,
        restartCount: 2,
      });
      await clock.advance(2_000);
      expect(loop.state).to.deep.equal({
        state: { running: { startedAt: "2026-01-01T00:00:03.000Z" } },
        lastState: { terminated },
        ready: true,
        restartCount: 2,
        id: "fake://103",
        imageID: "",
      });
    });

    it("forgets earlier failures once the container has run for ten minutes", async () => {
      void loopOf().keepRunning();
      await settle();
      for (let failure = 1; failure <= 3; failure++) {
        runtime.exit("web", 1);
        await clock.advance(10_000);
      }
      await clock.advance(600_000);
      runtime.calls.length = 0;
      runtime.exit("web", 1);
      await clock.advance(0);
      expect(runtime.calls).to.deep.equal(["630 start web"]);
      runtime.exit("web", 1);
      await clock.advance(10_000);
      expect(runtime.calls).to.deep.equal(["630 start web", "632 start web"]);
    });

    it("adopts the container that an earlier kubelet started", async () => {
      memory.updateContainer("web", { restartCount: 3 });
      const { promise, resolve } = Promise.withResolvers<Exit>();
      const startedAt = "2025-12-31T23:00:00.000Z";
      runtime.adoptable.set("web", { id: "fake://7", imageID: "", startedAt, exited: promise });
      const loop = loopOf();
      void loop.keepRunning();
      await settle();
      expect(loop.state).to.deep.equal({
        state: { running: { startedAt } },
        ready: true,
        restartCount: 3,
        id: "fake://7",
        imageID: "",
      });
      expect(runtime.calls).to.deep.equal([]);
      resolve({ code: 255, oomKilled: false });
      await clock.advance(0);
      expect(runtime.calls).to.deep.equal(["0 start web"]);
      expect(loop.state?.restartCount).to.equal(4);
    });

    it("counts a restart when the container ended while there was no kubelet", async () => {
      memory.updateContainer("web", { restartCount: 3 });
      const loop = loopOf();
      void loop.keepRunning();
      await settle();
      expect(runtime.calls).to.deep.equal(["0 start web"]);
      expect(loop.state?.restartCount).to.equal(4);
      expect(remembered().container("web")?.restartCount).to.equal(4);
    });

    it("remembers restarts for the next kubelet", async () => {
      void loopOf().keepRunning();
      await settle();
      runtime.exit("web", 0);
      await clock.advance(0);
      expect(remembered().container("web")?.restartCount).to.equal(1);
    });

    it("tries again every second what cannot be started", async () => {
      runtime.startErrors.push(new PodConfigError('Secret "s" not found'), new Error("no fork"));
      const loop = loopOf();
      void loop.keepRunning();
      await settle();
      expect(loop.state).to.deep.equal({
        state: {
          waiting: { reason: "CreateContainerConfigError", message: 'Secret "s" not found' },
        },
        ready: false,
        restartCount: 0,
      });
      await clock.advance(1_000);
      expect(loop.state?.state).to.deep.equal({
        waiting: { reason: "RunContainerError", message: "no fork" },
      });
      await clock.advance(1_000);
      expect(loop.state?.state).to.deep.equal({
        running: { startedAt: "2026-01-01T00:00:02.000Z" },
      });
      expect(runtime.calls).to.deep.equal(["0 start web", "1 start web", "2 start web"]);
    });

    it("says that its image cannot be had, and tries again ever more seldom", async () => {
      runtime.startErrors.push(...[1, 2, 3].map((n) => new ImagePullError(`not found ${n}`)));
      const loop = loopOf();
      void loop.keepRunning();
      await settle();
      expect(loop.state?.state).to.deep.equal({
        waiting: { reason: "ErrImagePull", message: "not found 1" },
      });
      await clock.advance(1_000);
      expect(loop.state?.state).to.deep.equal({
        waiting: {
          reason: "ImagePullBackOff",
          message: 'Back-off pulling image "w": ErrImagePull: not found 1',
        },
      });
      await clock.advance(30_000);
      // Each try is followed by a second of ErrImagePull, then 2, 4 and 8 seconds of back-off.
      expect(runtime.calls).to.deep.equal([0, 3, 8, 17].map((second) => `${second} start web`));
      expect(loop.state).to.deep.include({ ready: true, restartCount: 0 });
    });

    const ends: [RestartPolicy, number, string[]][] = [
      ["Always", 0, ["0 start web", "0 start web"]],
      ["OnFailure", 1, ["0 start web", "0 start web"]],
      ["OnFailure", 0, ["0 start web"]],
      ["Never", 1, ["0 start web"]],
      ["Never", 0, ["0 start web"]],
    ];
    for (const [policy, code, calls] of ends) {
      const isLast = calls.length === 1;
      it(`${isLast ? "stays ended" : "starts again"} after code ${code} by the policy ${policy}`, async () => {
        const loop = loopOf({}, policy);
        const done = loop.keepRunning();
        await settle();
        runtime.exit("web", code);
        await clock.advance(0);
        expect(runtime.calls).to.deep.equal(calls);
        if (!isLast) return;
        await done;
        expect(loop.state).to.deep.equal({
          state: {
            terminated: {
              exitCode: code,
              reason: code === 0 ? "Completed" : "Error",
              message: "last words of web",
              startedAt: startOfTime,
              finishedAt: startOfTime,
            },
          },
          imageID: "",
          ready: false,
          restartCount: 0,
        });
      });
    }

    it("starts one at once that went with what ran it, however often", async () => {
      void loopOf().keepRunning();
      await settle();
      for (let loss = 0; loss < 5; loss++) {
        runtime.lose("web");
        await clock.advance(0);
      }
      expect(runtime.calls).to.deep.equal(Array(6).fill("0 start web"));
    });

    it("says that it was ended for its memory", async () => {
      const loop = loopOf();
      void loop.keepRunning();
      await settle();
      runtime.exit("web", 137, true);
      await settle();
      expect(loop.state?.lastState?.terminated).to.deep.include({
        exitCode: 137,
        reason: "OOMKilled",
      });
    });

    it("reports one that is simulated as running since the Pod's start, and never starts it", async () => {
      runtime.simulated.add("web");
      const loop = loopOf({ readinessProbe: ready, livenessProbe: ready });
      await loop.keepRunning();
      expect(loop.state).to.deep.equal({
        state: { running: { startedAt: startOfTime } },
        ready: true,
        restartCount: 0,
      });
      expect(runtime.calls).to.deep.equal([]);
    });

    it("is ready once its probe passes, and restarted when its liveness probe fails", async () => {
      let passes = false;
      runtime.passes = () => passes;
      const loop = loopOf({
        readinessProbe: ready,
        livenessProbe: { ...ready, initialDelaySeconds: 5, periodSeconds: 5, failureThreshold: 2 },
      });
      void loop.keepRunning();
      await settle();
      expect(loop.state?.ready).to.be.false;
      passes = true;
      await clock.advance(1_000);
      expect(loop.state?.ready).to.be.true;
      passes = false;
      await clock.advance(9_000);
      expect(runtime.calls).to.deep.equal(["0 start web", "10 stop web", "10 start web"]);
      expect(log).to.deep.equal([
        "web: liveness probe failed, it is restarted",
        "web ended with 143",
      ]);
      expect(loop.state?.ready).to.be.false;
    });

    it("takes a probe that cannot be made for one that failed", async () => {
      runtime.passes = () => {
        throw new PodConfigError("container web has no port named http");
      };
      const loop = loopOf({ readinessProbe: ready });
      void loop.keepRunning();
      await clock.advance(1_000);
      expect(loop.state?.ready).to.be.false;
      expect(log).to.deep.equal([
        "web: cannot probe: Error: container web has no port named http",
        "web: cannot probe: Error: container web has no port named http",
      ]);
    });

    it("does not start again what ends with the Pod", async () => {
      const done = loopOf({ readinessProbe: ready }).keepRunning();
      await settle();
      abort.abort();
      runtime.exit("web", 143);
      await done;
      await clock.advance(60_000);
      expect(runtime.calls).to.deep.equal(["0 start web"]);
      expect(clock.sleepers).to.equal(0);
    });

    it("ends a back-off with the Pod", async () => {
      const done = loopOf().keepRunning();
      await settle();
      runtime.exit("web", 1);
      await clock.advance(0);
      runtime.exit("web", 1);
      await settle();
      abort.abort();
      await done;
      expect(runtime.calls).to.deep.equal(["0 start web", "0 start web"]);
    });

    it("stops what was started while the Pod ended", async () => {
      const gate = Promise.withResolvers<undefined>();
      runtime.startGate = gate.promise;
      const done = loopOf().keepRunning();
      await settle();
      abort.abort();
      gate.resolve(undefined);
      await done;
      expect(runtime.calls).to.deep.equal(["0 start web", "0 stop web"]);
    });
  });

  describe("of an init container", () => {
    it("starts it again until it succeeds", async () => {
      const loop = loopOf();
      const done = loop.runToCompletion();
      await settle();
      expect(loop.state).to.deep.include({ ready: false, restartCount: 0, id: "fake://101" });
      for (const exitCode of [1, 1]) {
        runtime.exit("web", exitCode);
        await clock.advance(5_000);
      }
      runtime.exit("web", 0);
      await done;
      expect(runtime.calls).to.deep.equal([
        "0 start web",
        "0 stop web",
        "0 start web",
        "5 stop web",
        "7 start web",
        "10 stop web",
      ]);
      expect(loop.state?.state).to.deep.equal({
        terminated: {
          exitCode: 0,
          reason: "Completed",
          startedAt: "2026-01-01T00:00:07.000Z",
          finishedAt: "2026-01-01T00:00:10.000Z",
        },
      });
      expect(loop.state).to.deep.include({ ready: true, restartCount: 2 });
      expect(loop.state?.lastState?.terminated.exitCode).to.equal(1);
    });

    it("gives up where the Pod is never to be restarted", async () => {
      const loop = loopOf({}, "Never");
      const done = loop.runToCompletion();
      await settle();
      runtime.exit("web", 3);
      expect(await done).to.be.false;
      expect(runtime.calls).to.deep.equal(["0 start web", "0 stop web"]);
      expect(loop.state?.state).to.deep.nested.include({ "terminated.exitCode": 3 });
    });

    it("does not run it again for the next kubelet", async () => {
      memory.setInitialized();
      const loop = loopOf();
      await loop.runToCompletion();
      expect(runtime.calls).to.deep.equal([]);
      expect(loop.state).to.deep.include({ ready: true, restartCount: 0 });
    });

    it("only says of one that is simulated that it completed", async () => {
      runtime.simulated.add("web");
      const loop = loopOf();
      await loop.runToCompletion();
      expect(runtime.calls).to.deep.equal([]);
      expect(loop.state?.ready).to.be.true;
    });

    it("is given up when the Pod ends", async () => {
      const loop = loopOf();
      const done = loop.runToCompletion();
      await settle();
      abort.abort();
      runtime.exit("web", 143);
      await done;
      expect(runtime.calls).to.deep.equal(["0 start web", "0 stop web"]);
      expect(loop.state).to.deep.include({ ready: false });
    });
  });
});
