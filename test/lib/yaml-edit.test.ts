import { expect } from "chai";
import {
  addItems,
  hasScalar,
  linesOf,
  removeItems,
  setKey,
  setScalars,
} from "../../lib/yaml-edit.ts";

describe("setScalars", () => {
  it("keeps the quotes that stood there", () => {
    expect(
      setScalars(`a: '1'\nb: "2"\nc: x\n`, [
        [["a"], "it's"],
        [["b"], "3"],
        [["c"], "4"],
      ]),
    ).to.equal(`a: 'it''s'\nb: "3"\nc: "4"\n`);
  });

  it("changes nothing where the key is missing or is no plain value", () => {
    const text = "a: { b: 1 }\n";
    expect(
      setScalars(text, [
        [["a"], "x"],
        [["z", "y"], "x"],
      ]),
    ).to.equal(text);
  });

  it("quotes what some reader would take for something else than text", () => {
    for (const value of ["yes", "1:30", "2026-11-24", "012", "null", "a: b", "a #b"]) {
      expect(setScalars("a: x # why\n", [[["a"], value]])).to.equal(`a: "${value}" # why\n`);
    }
    expect(setScalars("a: x\n", [[["a"], "v1.2.3"]])).to.equal("a: v1.2.3\n");
  });

  it("changes an element of a list, and several values at once", () => {
    expect(
      setScalars("l:\n  - a: 1 # one\n  - a: x\nb: y\n", [
        [["l", 1, "a"], "long"],
        [["b"], "z"],
      ]),
    ).to.equal("l:\n  - a: 1 # one\n  - a: long\nb: z\n");
  });
});

describe("setKey", () => {
  it("changes a key that is there, and adds one behind another", () => {
    const text = "a:\n  b: 1 # one\n  c: 2\n";
    expect(setKey(text, ["a"], "c", "x", "b")).to.equal("a:\n  b: 1 # one\n  c: x\n");
    expect(setKey(text, ["a"], "d", "x", "b")).to.equal("a:\n  b: 1 # one\n  d: x\n  c: 2\n");
  });

  it("changes nothing without the other key, or in a map on one line", () => {
    for (const text of ["a:\n  c: 2\n", "a: { b: 1 }\n", "a: [\n"]) {
      expect(setKey(text, ["a"], "d", "x", "b")).to.equal(text);
    }
  });
});

describe("a list in YAML text", () => {
  const start = "a:\n  list: []\n  after: 1 # stays\n";
  const items = [
    { name: "one", of: "p" },
    { name: "two", of: "q" },
  ];
  const grown = addItems(start, ["a", "list"], items);
  const named =
    (...names: string[]) =>
    (item: unknown) =>
      names.some((name) => JSON.stringify(item).includes(name));

  it("loses elements with all their lines, and is [] without any", () => {
    expect(removeItems(grown, ["a", "list"], named("one"))).to.equal(
      "a:\n  list:\n    - name: two\n      of: q\n  after: 1 # stays\n",
    );
    expect(removeItems(grown, ["a", "list"], named("two"))).to.equal(
      "a:\n  list:\n    - name: one\n      of: p\n  after: 1 # stays\n",
    );
    expect(removeItems(grown, ["a", "list"], named("one", "two"))).to.equal(start);
  });

  it("stays as it is when nothing is to go, or there is no such list", () => {
    expect(removeItems(grown, ["a", "list"], named("three"))).to.equal(grown);
    expect(removeItems(grown, ["a", "after"], named("one"))).to.equal(grown);
    expect(removeItems(start, ["a", "list"], named("one"))).to.equal(start);
  });
});

describe("a key's place", () => {
  const text = "a: 1\nb:\n  c: |\n    text\n  d: { e: 2 } # why\n";

  it("is its whole lines, unless it shares them", () => {
    const lines = (...path: string[]) => {
      const range = linesOf(text, path);
      return range && text.slice(...range);
    };
    expect(lines("a")).to.equal("a: 1\n");
    expect(lines("b", "c")).to.equal("  c: |\n    text\n");
    expect(lines("b", "d")).to.equal("  d: { e: 2 } # why\n");
    expect(lines("b", "d", "e")).to.equal(undefined);
    expect(lines("x")).to.equal(undefined);
  });

  it("is known for a value on one line", () => {
    expect(hasScalar(text, ["b", "d", "e"])).to.equal(true);
    for (const path of [["b"], ["b", "c"], ["x"]]) expect(hasScalar(text, path)).to.equal(false);
  });
});
