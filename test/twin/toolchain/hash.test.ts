import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashOf, readFolder } from "../../../twin/toolchain/hash.ts";

const files = (content: Readonly<Record<string, string>>): ReadonlyMap<string, Uint8Array> =>
  new Map(Object.entries(content).map(([path, text]) => [path, Buffer.from(text)]));

describe("hashOf", () => {
  const base = hashOf(files({ "go.mod": "module a", "go.sum": "b" }), ["go1"]);

  it("does not depend on the order of the files", () => {
    expect(hashOf(files({ "go.sum": "b", "go.mod": "module a" }), ["go1"])).to.equal(base);
  });

  const changes: [what: string, hash: string][] = [
    ["a file's content", hashOf(files({ "go.mod": "module a", "go.sum": "c" }), ["go1"])],
    ["a file's name", hashOf(files({ "go.mod": "module a", "go.sun": "b" }), ["go1"])],
    ["one more file", hashOf(files({ "go.mod": "module a", "go.sum": "b", x: "" }), ["go1"])],
    ["the end of a file", hashOf(files({ "go.mod": "module ab", "go.sum": "" }), ["go1"])],
    ["a fact", hashOf(files({ "go.mod": "module a", "go.sum": "b" }), ["go2"])],
    ["the end of a fact", hashOf(files({ "go.mod": "module a", "go.sum": "b" }), ["go", "1"])],
  ];
  for (const [what, hash] of changes) {
    it(`changes with ${what}`, () => {
      expect(hash).not.to.equal(base);
    });
  }

  it("is short enough for a folder's name", () => {
    expect(base).to.match(/^[0-9a-f]{12}$/);
  });
});

describe("readFolder", () => {
  it("finds every file below, by its relative path", () => {
    const folder = mkdtempSync(join(tmpdir(), "idp-hash-"));
    try {
      mkdirSync(join(folder, "patches"));
      writeFileSync(join(folder, "go.mod"), "module a");
      writeFileSync(join(folder, "patches/one.patch"), "---");
      const found = readFolder(folder);
      expect([...found.keys()].sort()).to.deep.equal(["go.mod", "patches/one.patch"]);
      expect(Buffer.from(found.get("go.mod") ?? []).toString()).to.equal("module a");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
