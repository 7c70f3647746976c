import { expect } from "chai";
import fc from "fast-check";
import { objections, reportOf, type Ground } from "../../promotion/ground.ts";
import { soaksUntil } from "../../promotion/soak.ts";

const release = { service: "clock", version: "v1.1.0" };
const minute = 60_000;
const begin = Date.UTC(2026, 0, 2, 3, 4, 5);
const at = (ms: number) => new Date(begin + ms);
const healthy = { sync: "Synced", health: "Healthy", tags: ["v1.1.0"] };

describe("a promotion's ground", () => {
  it("never lets a release pass before its soak is over, by git and by Argo CD, and always after", () => {
    const times = fc.record({
      soak: fc.integer({ min: 1, max: 20_160 }),
      // When Argo CD called it Healthy, from git's time on; null where the cluster was not asked.
      healthyAfter: fc.option(fc.integer({ min: -3 * minute, max: 3 * minute })),
      // From the end of the soak on.
      edge: fc.oneof(fc.constantFrom(-1, 0), fc.integer({ min: -30_000 * minute, max: minute })),
    });
    fc.assert(
      fc.property(times, ({ soak, healthyAfter, edge }) => {
        const argoCd = healthyAfter === null ? null : { ...healthy, healthSince: at(healthyAfter) };
        const now = at(Math.max(0, healthyAfter ?? 0) + soak * minute + edge);
        const found = objections(release, { tag: "v1.1.0", since: at(0), argoCd }, soak, now);
        expect(found.length === 0).to.equal(edge >= 0);
      }),
    );
  });

  it("names a minute at which the release passes", () => {
    for (const ms of [0, 1, 54_999, 55_000, 55_001]) {
      const ground: Ground = { tag: "v1.1.0", since: at(ms), argoCd: null };
      const [early] = objections(release, ground, 5, at(ms));
      const [, shown = ""] = /^it soaks until (\S+ \S+) UTC/.exec(early?.why ?? "") ?? [];
      const then = new Date(`${shown.replace(" ", "T")}:00Z`);
      expect(objections(release, ground, 5, then)).to.deep.equal([]);
      expect(then.getTime() - at(ms).getTime()).to.be.lessThan(6 * minute);
    }
  });

  it("that git does not date is no ground while there is a soak, and is enough without one", () => {
    const ground: Ground = { tag: "v1.1.0", since: undefined, argoCd: null };
    expect(objections(release, ground, 1, at(0)).map(({ why }) => why)).to.deep.equal([
      "it is not known since when staging's file names it, and idp:promotion.soakMinutes is 1",
    ]);
    expect(objections(release, ground, 0, at(0))).to.deep.equal([]);
    expect(soaksUntil(undefined, 1)).to.equal(undefined);
  });

  it("says all that speaks against a release at once, each with its fix", () => {
    const ground: Ground = {
      tag: "v1.0.0",
      hold: "leaks memory",
      since: at(0),
      argoCd: { sync: "OutOfSync", health: "Missing", tags: [], healthSince: undefined },
    };
    const fix = "wait until idp status clock --cluster says Synced and Healthy";
    expect(objections(release, ground, 60, at(0))).to.deep.equal([
      {
        why: "staging holds v1.0.0: leaks memory",
        fix: "when staging may go on, idp unhold clock staging, and promote what it takes then",
      },
      { why: "staging runs nothing of it", fix },
      { why: "staging's Argo CD says OutOfSync", fix },
      { why: "staging's Argo CD says Missing", fix },
    ]);
  });

  it("is whole where staging holds the very release", () => {
    const ground: Ground = { tag: "v1.1.0", hold: "a load test", since: at(0), argoCd: null };
    expect(objections(release, ground, 0, at(0))).to.deep.equal([]);
  });
});

describe("what an Application says", () => {
  it("is of the service's own image, and without a time where there is none", () => {
    const application = {
      metadata: { name: "clock" },
      spec: {},
      status: {
        sync: { status: "Synced" },
        health: { status: "Healthy", lastTransitionTime: "2026-01-02T03:04:05Z" },
        summary: { images: ["1.example/idp/clock:v1.1.0", "1.example/idp/other:v9.0.0"] },
      },
    };
    expect(reportOf(application, "idp/clock")).to.deep.equal({ ...healthy, healthSince: at(0) });
    expect(reportOf(undefined, "idp/clock")).to.deep.equal({
      sync: "Missing",
      health: "Missing",
      tags: [],
      healthSince: undefined,
    });
  });
});
