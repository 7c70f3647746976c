import { expect } from "chai";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { inScratchFolder } from "../../lib/scratch-folder.ts";

describe("inScratchFolder", () => {
  it("gives the work an empty folder of its own, and takes it away with all that is in it", async () => {
    const folders = await Promise.all(
      [1, 2].map((number) =>
        inScratchFolder("test", (folder) => {
          mkdirSync(join(folder, "inner"));
          writeFileSync(join(folder, "inner", "file"), "");
          return Promise.resolve({ folder, number });
        }),
      ),
    );
    expect(folders.map(({ number }) => number)).to.deep.equal([1, 2]);
    expect(new Set(folders.map(({ folder }) => folder)).size).to.equal(2);
    for (const { folder } of folders) {
      expect(basename(folder)).to.match(/^idp-test-/);
      expect(existsSync(folder)).to.equal(false);
    }
  });

  it("takes the folder away when the work fails, and fails with its error", async () => {
    let used = "";
    const work = inScratchFolder("test", (folder) => {
      used = folder;
      return Promise.reject(new Error("no luck"));
    });
    const error: unknown = await work.catch((error: unknown) => error);
    expect(String(error)).to.equal("Error: no luck");
    expect(existsSync(used)).to.equal(false);
  });
});
