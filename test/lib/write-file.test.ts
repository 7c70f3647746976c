import { expect } from "chai";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { writeNew, writeWhole } from "../../lib/write-file.ts";

const inFolder = (work: (folder: string) => void) =>
  inScratchFolder("write", (folder) => {
    work(folder);
    return Promise.resolve();
  });

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("writeWhole", () => {
  it("makes the folders, replaces what is there, and leaves nothing beside it", () =>
    inFolder((folder) => {
      const file = join(folder, "inner", "file");
      writeWhole(file, "one");
      writeWhole(file, "two");
      expect(readFileSync(file, "utf8")).to.equal("two");
      expect(readdirSync(join(folder, "inner"))).to.deep.equal(["file"]);
      expect([modeOf(join(folder, "inner")), modeOf(file)]).to.deep.equal(["700", "600"]);
    }));

  it("gives a file the permissions that it is told", () =>
    inFolder((folder) => {
      writeWhole(join(folder, "program"), "", 0o755);
      expect(modeOf(join(folder, "program"))).to.equal("755");
    }));
});

describe("writeNew", () => {
  it("writes a file where there is none, and leaves another as it is", () =>
    inFolder((folder) => {
      const file = join(folder, "inner", "file");
      expect(writeNew(file, "one")).to.equal(true);
      expect(writeNew(file, "two")).to.equal(false);
      expect(readFileSync(file, "utf8")).to.equal("one");
      expect(readdirSync(join(folder, "inner"))).to.deep.equal(["file"]);
    }));
});
