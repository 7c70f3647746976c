import { expect } from "chai";
import { announcement, clock, heartbeat, report } from "../../../twin/toolchain/progress.ts";

describe("clock", () => {
  const cases: [seconds: number, text: string][] = [
    [0, "0:00"],
    [9.6, "0:10"],
    [391, "6:31"],
    [3599, "59:59"],
    [3723, "1:02:03"],
  ];
  for (const [seconds, text] of cases) {
    it(`writes ${seconds} s as ${text}`, () => {
      expect(clock(seconds)).to.equal(text);
    });
  }
});

describe("heartbeat", () => {
  const beat = { tool: "kwok", elapsedSeconds: 75, expectedSeconds: 391, packages: 412 } as const;

  it("says how long it has run, how long it will take, and how far it is", () => {
    expect(heartbeat(beat)).to.equal("  kwok: 1:15 of about 6:31, 412 packages compiled");
  });

  it("says that it takes longer than expected", () => {
    expect(heartbeat({ ...beat, elapsedSeconds: 400 })).to.equal(
      "  kwok: 6:40 instead of about 6:31, 412 packages compiled",
    );
  });

  it("says what it does besides compiling", () => {
    expect(heartbeat({ ...beat, doing: "downloading modules" })).to.equal(
      "  kwok: 1:15 of about 6:31, downloading modules",
    );
  });
});

describe("announcement", () => {
  it("shows this machine's last duration, or the one measured on another machine", () => {
    expect(announcement("etcd", 40, true)).to.match(/^ {2}etcd \d.* last time 0:40$/);
    expect(announcement("etcd", 31, false)).to.match(/: about 0:31 on two cores$/);
  });
});

describe("report", () => {
  it("reports a quick build in one line", () => {
    const written: string[] = [];
    report("etcd", 31, false, { write: (text) => written.push(text) }).done("built");
    expect(written).to.deep.equal(["  etcd: built in 0:00\n"]);
  });
});
