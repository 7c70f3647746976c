import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { removeTree } from "../../../lib/remove-tree.ts";
import { makeRoom } from "../../../twin/toolchain/room.ts";

const giga = 2 ** 30;

describe("room for a build", () => {
  let cache: string;
  let compiled: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), "idp-room-"));
    compiled = join(cache, "gobuild");
    mkdirSync(join(compiled, "00"), { recursive: true });
    for (const kept of ["gomod", "tools"]) mkdirSync(join(cache, kept));
    writeFileSync(join(compiled, "00/a"), "compiled");
  });
  afterEach(() => {
    removeTree(cache);
  });

  /** A disk on which Go's build cache is what can be given back. */
  const disk = (withCache: number, without: number) => () =>
    (existsSync(compiled) ? withCache : without) * giga;
  const make = (free: (folder: string) => number) => {
    const said: string[] = [];
    makeRoom(cache, (line) => said.push(line), free);
    return said;
  };

  it("is there as long as five GiB are left", () => {
    expect(make(disk(5, 5))).to.deep.equal([]);
    expect(existsSync(compiled)).to.equal(true);
  });

  it("is made of what Go compiled before, and of nothing else", () => {
    expect(make(disk(4.9, 5.7))).to.deep.equal([
      `toolchain: 4.9 GB left, so Go's build cache is deleted: ${compiled}`,
    ]);
    const left = ["gobuild", "gomod", "tools"].filter((name) => existsSync(join(cache, name)));
    expect(left).to.deep.equal(["gomod", "tools"]);
    // The next one begins without it.
    expect(make(disk(0, 5.7))).to.deep.equal([]);
  });

  it("is refused with what is left when that does not do", () => {
    expect(() => make(disk(1, 3.2))).to.throw(
      `${cache} has 3.2 GB left; building a tool may take 5.0 GB. Fix: make room, or put the cache elsewhere with IDP_CACHE=<folder>.`,
    );
    removeTree(compiled);
    expect(() => make(disk(0, 3.2))).to.throw("3.2 GB left");
  });

  it("is looked for beside a cache that is not there yet", () => {
    removeTree(cache);
    const asked: string[] = [];
    makeRoom(
      cache,
      () => undefined,
      (folder) => {
        asked.push(folder);
        return 9 * giga;
      },
    );
    expect(asked).to.deep.equal([tmpdir()]);
  });
});
