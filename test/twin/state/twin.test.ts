import { expect } from "chai";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { down } from "../../../twin/down.ts";
import { isOurs } from "../../../twin/process/leftovers.ts";
import { cacheDir, repositoryRoot } from "../../../lib/paths.ts";
import { processIdentity } from "../../../twin/process/pid.ts";
import { startProcess } from "../../../twin/process/processes.ts";
import { withoutTwin } from "../../../twin/engine/programs.ts";
import {
  awsConfig,
  ensureTwin,
  readTwin,
  requireTwin,
  twinPaths,
} from "../../../twin/state/twin.ts";

describe("a twin", () => {
  let state = "";
  let before: string | undefined;
  beforeEach(() => {
    before = process.env["IDP_TWIN"];
    state = join(mkdtempSync(join(tmpdir(), "idp-twin-")), "state");
    process.env["IDP_TWIN"] = state;
  });
  afterEach(() => {
    if (before === undefined) delete process.env["IDP_TWIN"];
    else process.env["IDP_TWIN"] = before;
    rmSync(join(state, ".."), { recursive: true });
  });

  it("keeps its ports and its passphrase, readable only by its owner", async () => {
    const twin = await ensureTwin();
    const { record, passphrase } = twinPaths();
    const secret = readFileSync(passphrase, "utf8");
    expect(await ensureTwin()).to.deep.equal(twin);
    expect(readFileSync(passphrase, "utf8")).to.equal(secret);
    expect(new Set([twin.gitPort, ...Object.values(twin.registryPorts)]).size).to.equal(4);
    for (const path of [state, record, passphrase]) {
      expect(statSync(path).mode & 0o077, path).to.equal(0);
    }
  });

  it("lists its accounts in AWS's own file format", () => {
    expect(awsConfig()).to.include(
      "[profile idp-twin-dev]\naws_account_id = 935743309409\nregion = us-west-2\n",
    );
  });

  it("that does not exist or cannot be read is an error with its fix", async () => {
    expect(readTwin()).to.equal(undefined);
    expect(() => requireTwin()).to.throw("Fix: idp twin up");
    await ensureTwin();
    writeFileSync(twinPaths().record, "{}");
    expect(() => requireTwin()).to.throw("Fix: idp twin down, then idp twin up");
  });

  it("is deleted with its processes and every file, and again without an error", async () => {
    await ensureTwin();
    const { pid } = await startProcess({ name: "sleeper", command: "sleep", args: ["600"] });
    // Like a plugin whose engine was killed.
    const orphan = spawn("sleep", ["600"], {
      argv0: join(cacheDir(), "tools/none/bin/plugin"),
      env: { PATH: process.env["PATH"], IDP_TWIN: state },
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => orphan.once("exit", resolve));
    const said: string[] = [];
    await down((line) => said.push(line));
    if (process.platform === "linux") await ended;
    else orphan.kill();
    expect(existsSync(state)).to.equal(false);
    expect(processIdentity(pid)).to.equal(undefined);
    expect(said.at(-1)).to.equal(`deleted ${state}`);
    await down((line) => said.push(line));
    expect(said.at(-1)).to.equal(`there is no twin in ${state}`);
  });

  it("leaves other programs alone", () => {
    const tool = join(cacheDir(), "tools/etcd-1/bin/etcd");
    const double = join(repositoryRoot, "twin/aws/main.ts");
    expect([[tool], ["node", double], ["/usr/local/bin/pulumi", "up"]].map(isOurs)).to.deep.equal([
      true,
      true,
      true,
    ]);
    expect(
      [["bash"], ["vim", "twin/aws/main.ts"], ["node", "server.js"]].map(isOurs),
    ).to.deep.equal([false, false, false]);
  });

  it("is not on PATH when a person's own programs are searched", () => {
    expect(withoutTwin({ PATH: "/twin/bin:/usr/bin", HOME: "/h" }, "/twin/bin")).to.deep.equal({
      PATH: "/usr/bin",
      HOME: "/h",
    });
  });
});
