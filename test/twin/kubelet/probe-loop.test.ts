import { expect } from "chai";
import type { Container, Probe } from "../../../twin/kubelet/pod.ts";
import { probeContainer } from "../../../twin/kubelet/probe-loop.ts";
import { FakeClock } from "./fake-clock.ts";
import { firstContainer, podOf } from "./fakes.ts";

type Kind = "startup" | "readiness" | "liveness";

describe("probeContainer", () => {
  let clock: FakeClock;
  let abort: AbortController;
  let failing: Set<Kind>;
  let events: string[];

  beforeEach(() => {
    clock = new FakeClock();
    abort = new AbortController();
    failing = new Set();
    events = [];
  });
  afterEach(() => {
    abort.abort();
  });

  /** Probes a container; `probes` are its probes' settings. */
  function run(probes: Partial<Record<Kind, object>>): Promise<void> {
    const kinds: Kind[] = ["startup", "readiness", "liveness"];
    const pod = podOf({
      containers: [
        {
          name: "web",
          image: "w",
          ...Object.fromEntries(
            kinds.flatMap((kind) => (kind in probes ? [[`${kind}Probe`, probes[kind]]] : [])),
          ),
        },
      ],
    });
    const container = firstContainer(pod);
    return probeContainer(
      container,
      {
        probe: (probe) => {
          const kind = kindOf(container, probe);
          events.push(`${clock.seconds} ${kind}`);
          return Promise.resolve(!failing.has(kind));
        },
        setReady: (isReady) => events.push(`${clock.seconds} ${isReady ? "ready" : "unready"}`),
        kill: (reason) => {
          events.push(`${clock.seconds} kill: ${reason}`);
          return Promise.resolve();
        },
      },
      clock,
      abort.signal,
    );
  }

  function kindOf(container: Container, probe: Probe): Kind {
    if (probe === container.startupProbe) return "startup";
    return probe === container.readinessProbe ? "readiness" : "liveness";
  }

  it("asks nothing without probes", async () => {
    await run({});
    expect(events).to.deep.equal([]);
  });

  it("asks each second until the container is ready, and then once a period", async () => {
    failing.add("readiness");
    void run({ readiness: { periodSeconds: 10, initialDelaySeconds: 30 } });
    await clock.advance(1_500);
    failing.clear();
    await clock.advance(10_500);
    expect(events).to.deep.equal([
      "0 readiness",
      "1 readiness",
      "2 readiness",
      "2 ready",
      "12 readiness",
      "12 ready",
    ]);
  });

  it("is unready after as many failures in a row as the threshold says, and ready after one success", async () => {
    void run({ readiness: { periodSeconds: 1, failureThreshold: 2 } });
    await clock.advance(500);
    failing.add("readiness");
    await clock.advance(1_000); // One failure,
    failing.clear();
    await clock.advance(1_000); // a success,
    failing.add("readiness");
    await clock.advance(2_000); // two failures,
    failing.clear();
    await clock.advance(1_000); // a success.
    const said = events.filter((event) => event.endsWith("ready"));
    expect(said).to.deep.equal([
      "0 ready",
      "1 ready",
      "2 ready",
      "3 ready",
      "4 unready",
      "5 ready",
    ]);
  });

  it("kills the container at the liveness probe's threshold, and then asks no more", async () => {
    failing.add("liveness");
    await Promise.all([
      run({ liveness: { initialDelaySeconds: 5, periodSeconds: 10, failureThreshold: 3 } }),
      clock.advance(60_000),
    ]);
    expect(events).to.deep.equal([
      "5 liveness",
      "15 liveness",
      "25 liveness",
      "25 kill: liveness probe failed",
    ]);
  });

  it("counts liveness failures in a row only", async () => {
    void run({ liveness: { periodSeconds: 1, failureThreshold: 2 } });
    await clock.advance(0);
    for (let round = 0; round < 3; round++) {
      failing.add("liveness");
      await clock.advance(1_000);
      failing.clear();
      await clock.advance(1_000);
    }
    expect(events.filter((event) => event.includes("kill"))).to.deep.equal([]);
  });

  it("begins with the others once the startup probe has passed", async () => {
    failing.add("startup");
    void run({
      startup: { periodSeconds: 10, failureThreshold: 3 },
      readiness: { periodSeconds: 10 },
      liveness: { periodSeconds: 10 },
    });
    await clock.advance(1_500);
    failing.clear();
    await clock.advance(1_000);
    expect(events).to.deep.equal([
      "0 startup",
      "1 startup",
      "2 startup",
      "2 readiness",
      "2 ready",
      "2 liveness",
    ]);
  });

  it("kills a container whose startup probe does not pass within threshold times period", async () => {
    failing.add("startup");
    await Promise.all([
      run({ startup: { periodSeconds: 2, failureThreshold: 2 }, readiness: {} }),
      clock.advance(60_000),
    ]);
    expect(events).to.deep.equal([
      "0 startup",
      "1 startup",
      "2 startup",
      "3 startup",
      "4 kill: startup probe failed",
    ]);
  });

  for (const kind of ["startup", "readiness", "liveness"] as const) {
    it(`ends with the signal while it waits for the ${kind} probe`, async () => {
      failing.add(kind);
      const done = run({ [kind]: { failureThreshold: 10 } });
      await clock.advance(1_500);
      abort.abort();
      await done;
      expect(clock.sleepers).to.equal(0);
      expect(events.filter((event) => !event.endsWith(kind))).to.deep.equal([]);
    });
  }

  it("says nothing of an answer that came after the end", async () => {
    const answer = Promise.withResolvers<boolean>();
    const container = firstContainer(
      podOf({ containers: [{ name: "web", image: "w", readinessProbe: {} }] }),
    );
    const done = probeContainer(
      container,
      {
        probe: () => answer.promise,
        setReady: () => events.push("ready"),
        kill: () => Promise.resolve(),
      },
      clock,
      abort.signal,
    );
    abort.abort();
    answer.resolve(true);
    await done;
    expect(events).to.deep.equal([]);
  });
});
