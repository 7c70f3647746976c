import { expect } from "chai";
import { systemClock, timestamp } from "../../lib/clock.ts";

describe("systemClock", () => {
  it("sleeps until the time is over", async () => {
    const before = systemClock.now();
    expect(await systemClock.sleep(5)).to.be.true;
    // A timer may fire within the millisecond before.
    expect(systemClock.now() - before).to.be.at.least(4);
  });

  it("wakes when the signal aborts, and does not sleep after that", async () => {
    const abort = new AbortController();
    const sleeping = systemClock.sleep(60_000, abort.signal);
    abort.abort();
    expect(await sleeping).to.be.false;
    expect(await systemClock.sleep(60_000, abort.signal)).to.be.false;
  });
});

describe("timestamp", () => {
  it("is the time as the Kubernetes API writes it", () => {
    expect(timestamp({ ...systemClock, now: () => 0 })).to.equal("1970-01-01T00:00:00.000Z");
  });
});
