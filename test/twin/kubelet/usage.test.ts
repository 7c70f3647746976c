import { expect } from "chai";
import fc from "fast-check";
import { podUsage } from "../../../twin/kubelet/usage.ts";
import type { UsageReading } from "../../../twin/kubelet/usage.ts";

/** A reading of one Pod's containers: CPU seconds and bytes, by name. */
function reading(seconds: number, containers: Record<string, [number, number]>): UsageReading {
  const entries = Object.entries(containers).map(
    ([name, [cpuSeconds, memoryBytes]]) => [name, { cpuSeconds, memoryBytes }] as const,
  );
  return { at: seconds * 1000, usage: { u1: Object.fromEntries(entries) } };
}

describe("podUsage", () => {
  it("is the CPU of the window and the memory at its end", () => {
    const before = reading(100, { web: [1, 1024], side: [0, 0] });
    const after = reading(115, { web: [2.5, 7_340_032], side: [0, 1] });
    expect(podUsage("u1", before, after)).to.deep.equal({
      window: "15s",
      containers: {
        web: { cpu: "100000000n", memory: "7168Ki" },
        side: { cpu: "0n", memory: "0Ki" },
      },
    });
  });

  it("is what a restarted container used since its start", () => {
    const usage = podUsage("u1", reading(0, { web: [60, 0] }), reading(10, { web: [2, 2048] }));
    expect(usage?.containers).to.deep.equal({ web: { cpu: "200000000n", memory: "2Ki" } });
  });

  it("leaves out a container that was not there at both ends", () => {
    const before = reading(0, { web: [1, 0], gone: [1, 0] });
    const after = reading(10, { web: [1, 0], fresh: [1, 0] });
    expect(Object.keys(podUsage("u1", before, after)?.containers ?? {})).to.deep.equal(["web"]);
  });

  const without: readonly [string, UsageReading, UsageReading][] = [
    ["of an unknown Pod", { at: 0, usage: {} }, { at: 1000, usage: {} }],
    ["of a Pod that has just started", { at: 0, usage: {} }, reading(10, { web: [1, 1] })],
    ["of a Pod that has ended", reading(0, { web: [1, 1] }), { at: 10_000, usage: {} }],
    ["between no two moments", reading(10, { web: [1, 1] }), reading(10, { web: [2, 1] })],
    ["against the time", reading(10, { web: [1, 1] }), reading(9, { web: [2, 1] })],
  ];
  for (const [what, before, after] of without) {
    it(`is unknown ${what}`, () => {
      expect(podUsage("u1", before, after)).to.be.undefined;
    });
  }

  it("is always a quantity of the API", () => {
    const cpu = fc.double({ min: 0, max: 1e6, noNaN: true });
    const bytes = fc.nat(2 ** 31 - 1);
    const ms = fc.integer({ min: 1, max: 600_000 });
    fc.assert(
      fc.property(cpu, cpu, bytes, ms, (first, second, memory, length) => {
        const before = reading(0, { web: [first, 0] });
        const after = { ...reading(0, { web: [second, memory] }), at: length };
        const found = podUsage("u1", before, after);
        expect(found?.window).to.match(/^\d+(\.\d+)?s$/);
        expect(found?.containers["web"]?.cpu).to.match(/^\d+n$/);
        expect(found?.containers["web"]?.memory).to.match(/^\d+Ki$/);
      }),
    );
  });
});
