import { tableLines } from "../../lib/table.ts";
import { expect } from "chai";
import { stripVTControlCharacters } from "node:util";
import { Stages } from "../../lib/stages.ts";

describe("stages", () => {
  it("tell what they do, how long it took, and the times of all at the end", async () => {
    const lines: string[] = [];
    let clock = 0;
    const stages = new Stages({ write: (line) => lines.push(line), now: () => clock });
    const result = await stages.run("git server", (say) => {
      say("made");
      clock += 1500;
      return Promise.resolve(7);
    });
    await stages.run("stacks", () => {
      clock += 100_000;
      return Promise.resolve();
    });
    expect(result).to.equal(7);
    expect(lines.map(stripVTControlCharacters)).to.deep.equal([
      "▸ git server",
      "  made",
      "  ✓ 1.5 s",
      "▸ stacks",
      "  ✓ 100.0 s",
    ]);
    expect(stages.summary()).to.deep.equal([
      "git server      1.5 s",
      "stacks        100.0 s",
      "total         101.5 s",
    ]);
  });

  it("pass a failure on and say when it came", async () => {
    const lines: string[] = [];
    const stages = new Stages({ write: (line) => lines.push(line), now: () => 0 });
    const error: unknown = await stages
      .run("stacks", () => Promise.reject(new Error("no")))
      .catch((reason: unknown) => reason);
    expect(String(error)).to.equal("Error: no");
    expect(stripVTControlCharacters(lines.at(-1) ?? "")).to.equal("  ✗ failed after 0.0 s");
  });
});

describe("tableLines", () => {
  it("aligns columns and leaves no blanks at the end", () => {
    expect(tableLines([["A", "LONG", "C"], ["long", "b", ""], []])).to.deep.equal([
      "A     LONG  C",
      "long  b",
      "",
    ]);
  });
});
