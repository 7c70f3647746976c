import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { containerSupport, simulationNotice } from "../../../twin/cluster/container-support.ts";
import type { ContainerSupport } from "../../../twin/cluster/container-support.ts";

describe("containerSupport", () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "idp-support-"));
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });

  /** What a podbox that runs these lines of a shell is taken for. */
  function supportOf(...lines: readonly string[]): Promise<ContainerSupport> {
    const program = join(scratch, "podbox");
    writeFileSync(program, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o700 });
    return containerSupport(program, join(scratch, "state/pods"), join(scratch, "sys"));
  }

  function set(setting: string, value: string): void {
    const file = join(scratch, "sys", setting);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${value}\n`);
  }

  const simulated = (reason: string, fix?: string) => ({ runs: false, reason, fix });
  const refuses = ['echo \'{"ok":false,"reason":"no namespaces"}\'', "exit 1"];

  it("is there where podbox ran a container in the given folder", async () => {
    const folder = join(scratch, "state/pods");
    expect(
      await supportOf(`test "$1 $2" = "check ${folder}" && test -d "$2" && echo '{"ok":true}'`),
    ).to.deep.equal({ runs: true });
    expect(statSync(folder).mode & 0o777).to.equal(0o700);
  });

  it("is not there where podbox says why", async () => {
    expect(await supportOf(...refuses)).to.deep.equal(simulated("no namespaces"));
  });

  const broken: [string, string[], string][] = [
    ["says something else", ["echo hello"], "podbox check failed: hello"],
    ["gives no reason", ["echo '{\"ok\":false}'"], 'podbox check failed: {"ok":false}'],
    [
      "crashes",
      ["echo >&2", "echo 'panic: no such file' >&2", "echo 'goroutine 1:' >&2", "exit 2"],
      "podbox check failed: panic: no such file",
    ],
  ];
  for (const [what, lines, reason] of broken) {
    it(`is not there where podbox ${what}`, async () => {
      expect(await supportOf(...lines)).to.deep.equal(simulated(reason));
    });
  }

  it("is not there where podbox ends without a word", async () => {
    const program = join(scratch, "podbox");
    expect(await supportOf("exit 3")).to.deep.equal(
      simulated(
        `podbox check failed: Command failed with exit code 3: ${program} check ${join(scratch, "state/pods")}`,
      ),
    );
  });

  it("is not there without a podbox that can be started", async () => {
    const program = join(scratch, "none");
    expect(await containerSupport(program, scratch, join(scratch, "sys"))).to.deep.equal(
      simulated(`podbox check failed: Command failed with ENOENT: ${program} check ${scratch}`),
    );
  });

  const apparmor = "kernel/apparmor_restrict_unprivileged_userns";
  const namespaces = "user/max_user_namespaces";
  const fixes: [string, string, string | undefined][] = [
    [apparmor, "1", "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"],
    [apparmor, "0", undefined],
    [namespaces, "0", "sudo sysctl user.max_user_namespaces=15000"],
    [namespaces, "15000", undefined],
  ];
  for (const [setting, value, fix] of fixes) {
    it(`names ${fix ?? "no command"} where ${setting} is ${value}`, async () => {
      set(setting, value);
      expect(await supportOf(...refuses)).to.deep.equal(simulated("no namespaces", fix));
    });
  }

  it("needs no command where containers run", async () => {
    set(apparmor, "1");
    expect(await supportOf("echo '{\"ok\":true}'")).to.deep.equal({ runs: true });
  });
});

describe("simulationNotice", () => {
  const start = "services' Pods are simulated, nothing in them runs: ";
  const cases: [string, string | undefined, string][] = [
    ["no namespaces", undefined, "no namespaces."],
    ["no namespaces.", undefined, "no namespaces."],
    [
      "no namespaces",
      "sudo sysctl a=1",
      "no namespaces. Fix: sudo sysctl a=1, then idp twin down and idp twin up",
    ],
  ];
  for (const [reason, fix, expected] of cases) {
    it(`ends in "${expected}"`, () => {
      expect(simulationNotice({ runs: false, reason, fix })).to.equal(start + expected);
    });
  }
});
