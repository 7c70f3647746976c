import { expect } from "chai";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withLock } from "../../../twin/process/lock.ts";

describe("withLock", () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "idp-lock-"));
    path = join(folder, "lock");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("lets one caller in at a time", async () => {
    let inside = 0;
    const seen: number[] = [];
    const work = (): Promise<void> =>
      withLock(path, async () => {
        seen.push(++inside);
        await sleep(5);
        inside--;
      });
    await Promise.all(Array.from({ length: 6 }, work));
    expect(seen).to.deep.equal([1, 1, 1, 1, 1, 1]);
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it("releases the lock if the work fails", async () => {
    const error: unknown = await withLock(path, () => Promise.reject(new Error("work"))).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).to.equal("Error: work");
    expect(existsSync(path)).to.be.false;
  });

  it("lets only one caller take over a dead holder's lock", async () => {
    writeFileSync(
      path,
      JSON.stringify({ pid: process.pid, identity: "an earlier process", token: "x" }),
    );
    let inside = 0;
    const seen = await Promise.all(
      Array.from({ length: 4 }, () =>
        withLock(path, async () => {
          const now = ++inside;
          await sleep(5);
          inside--;
          return now;
        }),
      ),
    );
    expect(seen).to.deep.equal([1, 1, 1, 1]);
  });

  it("names the holder after the time limit", async () => {
    const error: unknown = await withLock(path, () =>
      withLock(path, () => Promise.resolve("never"), 100).catch((reason: unknown) => reason),
    );
    expect(String(error)).to.include(`held by process ${process.pid}`);
  });
});
