import { expect } from "chai";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PodMemory } from "../../../twin/kubelet/pod-memory.ts";
import { startOfTime } from "./fake-clock.ts";
import { scratchFolder } from "./scratch-folder.ts";

describe("PodMemory", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = scratchFolder();
    file = join(folder, "u1/runner.json");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const forever = new AbortController().signal;
  const open = (podIP: string, signal = forever): PodMemory =>
    new PodMemory(file, () => ({ podIP, startTime: startOfTime }), signal);

  it("is there for the next kubelet, whatever that one would have begun with", () => {
    const first = open("10.245.0.1");
    first.setInitialized();
    first.updateContainer("web", { ports: { 80: 15_080 } });
    first.updateContainer("web", { restartCount: 2 });
    const second = open("10.245.0.2");
    expect([second.podIP, second.startTime, second.initialized]).to.deep.equal([
      "10.245.0.1",
      startOfTime,
      true,
    ]);
    expect(second.container("web")).to.deep.equal({
      ports: { 80: 15_080 },
      restartCount: 2,
      startedAt: startOfTime,
      imageID: "",
    });
    expect(second.container("side")).to.be.undefined;
  });

  it("is on disk before anything happens to the Pod", () => {
    open("10.245.0.1");
    expect(JSON.parse(readFileSync(file, "utf8"))).to.deep.equal({
      podIP: "10.245.0.1",
      startTime: startOfTime,
      initialized: false,
      containers: {},
    });
  });

  it("gives facts that later changes leave alone", () => {
    const memory = open("10.245.0.1");
    memory.updateContainer("web", { restartCount: 1 });
    const before = memory.container("web");
    memory.updateContainer("web", { restartCount: 2 });
    expect(before?.restartCount).to.equal(1);
  });

  it("writes nothing once the Pod ends: its folder is being removed", () => {
    const abort = new AbortController();
    const memory = open("10.245.0.1", abort.signal);
    abort.abort();
    rmSync(join(folder, "u1"), { recursive: true });
    memory.updateContainer("web", { restartCount: 1 });
    memory.setInitialized();
    expect(existsSync(file)).to.be.false;
  });

  it("refuses a file that it does not understand", () => {
    open("10.245.0.1");
    writeFileSync(file, '{"podIP": 1}');
    expect(() => open("10.245.0.1")).to.throw("podIP");
  });
});
