import { expect } from "chai";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isGroupAlive, parseStat, processIdentity } from "../../../twin/process/pid.ts";
import {
  isRunning,
  listProcesses,
  logFile,
  logTail,
  startProcess,
  stopAll,
  stopProcess,
} from "../../../twin/process/processes.ts";
import type { ProcessSpec } from "../../../twin/process/processes.ts";

const sleeper: ProcessSpec = { name: "sleeper", command: "sleep", args: ["60"] };

const script = (name: string, source: string): ProcessSpec => ({
  name,
  command: "sh",
  args: ["-c", source],
});

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; !what(); tries++) {
    if (tries > 200) throw new Error(`still not so: ${what.toString()}`);
    await sleep(25);
  }
}

describe("processes", () => {
  const before_ = process.env["IDP_TWIN"];
  let twin: string;

  beforeEach(() => {
    twin = mkdtempSync(join(tmpdir(), "idp-processes-"));
    process.env["IDP_TWIN"] = twin;
  });

  afterEach(async () => {
    await stopAll(200);
    rmSync(twin, { recursive: true });
    if (before_ === undefined) delete process.env["IDP_TWIN"];
    else process.env["IDP_TWIN"] = before_;
  });

  it("starts a process once, however often it is called", async () => {
    const first = await startProcess(sleeper);
    const second = await startProcess({ ...sleeper });
    expect([first.isNew, second.isNew]).to.deep.equal([true, false]);
    expect(second.pid).to.equal(first.pid);
    expect(isRunning("sleeper")).to.be.true;
  });

  it("starts one process for several calls at the same time", async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => startProcess(sleeper)));
    expect(new Set(all.map((started) => started.pid)).size).to.equal(1);
    expect(all.filter((started) => started.isNew)).to.have.length(1);
  });

  it("replaces a process if its spec changed", async () => {
    const { pid } = await startProcess(sleeper);
    const next = await startProcess({
      ...sleeper,
      env: { PATH: process.env["PATH"] ?? "", A: "1" },
    });
    expect(next.isNew).to.be.true;
    expect(processIdentity(pid)).to.be.undefined;
  });

  it("starts a killed process again", async () => {
    const { pid, exited } = await startProcess(sleeper);
    process.kill(pid, "SIGKILL");
    expect(await exited).to.equal(128 + 9);
    expect(isRunning("sleeper")).to.be.false;
    expect((await startProcess(sleeper)).isNew).to.be.true;
  });

  it("returns the exit code to the starter", async () => {
    expect(await (await startProcess(script("seven", "exit 7"))).exited).to.equal(7);
  });

  it("ends the whole group, even processes that ignore TERM", async () => {
    const children = join(twin, "children");
    await startProcess(
      script(
        "stubborn",
        `trap '' TERM; (trap '' TERM; echo $$ > ${children}; sleep 60 & wait) & sleep 60 & wait`,
      ),
    );
    await until(() => existsSync(children));
    const pgid = listProcesses()[0]?.pid ?? 0;
    await stopProcess("stubborn", 100);
    expect(isGroupAlive(pgid)).to.be.false;
    expect(listProcesses()).to.deep.equal([]);
  });

  it("never mistakes a reused pid for its own process", async () => {
    await startProcess(sleeper);
    const file = join(twin, "processes/sleeper.json");
    const record = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    await stopProcess("sleeper");
    // The pid now belongs to another process: this test.
    writeFileSync(file, JSON.stringify({ ...record, pid: process.pid }));
    expect(isRunning("sleeper")).to.be.false;
    await stopProcess("sleeper", 100);
    expect(existsSync(file)).to.be.false;
  });

  it("waits for what a killed process has left running", async () => {
    // The child notices the end of its parent, as the process kubelet does.
    const child =
      "echo begun; while [ $PPID = $(ps -o ppid= $$) ]; do sleep 0.1; done; echo noticed";
    const spec = script("parent", `sh -c '${child}'; :`);
    const { pid } = await startProcess(spec);
    await until(() => logTail("parent") === "begun");
    process.kill(pid, "SIGKILL");
    await until(() => !isRunning("parent"));
    await startProcess(spec);
    expect(logTail("parent")).to.include("noticed");
  });

  it("passes on only the given environment", async () => {
    process.env["HTTPS_PROXY"] = "http://127.0.0.1:9";
    const { exited } = await startProcess({
      name: "env",
      command: "/usr/bin/env",
      args: [],
      env: { ONLY: "this" },
    });
    await exited;
    expect(logTail("env")).to.equal("ONLY=this");
    await (
      await startProcess({ name: "env-default", command: "/usr/bin/env", args: [] })
    ).exited;
    expect(
      logTail("env-default")
        .split("\n")
        .map((line) => line.split("=")[0])
        .sort(),
    ).to.deep.equal(["HOME", "PATH"]);
    delete process.env["HTTPS_PROXY"];
  });

  it("makes pid file and log readable only by their owner", async () => {
    await startProcess(sleeper);
    const modes = [join(twin, "processes/sleeper.json"), logFile("sleeper")].map(
      (file) => statSync(file).mode & 0o777,
    );
    expect(modes).to.deep.equal([0o600, 0o600]);
  });

  it("says which command cannot be run", async () => {
    const error: unknown = await startProcess({
      name: "none",
      command: "/no/such/program",
      args: [],
    }).catch((reason: unknown) => reason);
    expect(String(error)).to.include("none: cannot run /no/such/program");
    expect(listProcesses()).to.deep.equal([]);
  });

  it("refuses a name that is not a file name", async () => {
    const error: unknown = await startProcess({ ...sleeper, name: "../x" }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).to.include("a process name consists of");
  });

  it("stops everything", async () => {
    await Promise.all(["a", "b", "c"].map((name) => startProcess({ ...sleeper, name })));
    expect(listProcesses().map((entry) => [entry.name, entry.running])).to.deep.equal([
      ["a", true],
      ["b", true],
      ["c", true],
    ]);
    await stopAll();
    expect(listProcesses()).to.deep.equal([]);
  });
});

describe("parseStat", () => {
  const tail = "4242 4242 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 1";

  it("reads state, group and start time", () => {
    expect(parseStat(`17 (sleep) S 1 ${tail}`)).to.deep.equal({
      zombie: false,
      pgid: 4242,
      threads: 1,
      startTicks: "987654",
    });
  });

  it("is not fooled by a program's name", () => {
    expect(parseStat(`17 (a) Z 9 9) Z 1 ${tail}`)).to.deep.equal({
      zombie: true,
      pgid: 4242,
      threads: 1,
      startTicks: "987654",
    });
  });
});
