import { shellQuoted } from "../../../lib/shell.ts";
import { expect } from "chai";
import { execa } from "execa";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  clusterEnvironment,
  exportLines,
  keepClusterEnvironment,
  twinVariables,
} from "../../../twin/state/environment.ts";
import { pulumiShim } from "../../../twin/engine/pulumi-shim.ts";
import { twinPaths } from "../../../twin/state/twin.ts";

describe("the twin's environment", () => {
  const paths = twinPaths("/twin");

  it("puts the twin's programs first, once", () => {
    const { PATH = "" } = twinVariables("/usr/bin", paths);
    expect(PATH).to.equal("/twin/bin:/usr/bin");
    expect(twinVariables(PATH, paths)["PATH"]).to.equal(PATH);
  });

  it("can be evaluated by a shell, whatever characters it contains", async () => {
    const lines = exportLines({ A: "plain", B: 'it\'s $HOME `x` "y"\nz' });
    const { stdout } = await execa(
      "sh",
      ["-c", `eval "$LINES"; printf '%s|%s|%s' "$A" "$B" "\${AWS_PROFILE-none}"`],
      {
        env: { LINES: lines, AWS_PROFILE: "prod" },
      },
    );
    expect(stdout).to.equal('plain|it\'s $HOME `x` "y"\nz|none');
  });

  it("does not quote words that need no quotes", () => {
    expect(shellQuoted("/a/b-c.d:e")).to.equal("/a/b-c.d:e");
    expect(shellQuoted("")).to.equal("''");
  });
});

describe("the environment of the twin's clusters", () => {
  let state = "";
  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), "idp-environment-"));
  });
  afterEach(() => {
    rmSync(state, { recursive: true });
  });

  it("is the saved one for every caller, and contains only what is needed", () => {
    const paths = twinPaths(state);
    const env = {
      PATH: "/usr/bin",
      HOME: "/h",
      IDP_CACHE: "/c",
      HTTPS_PROXY: "http://proxy",
      AWS_SECRET_ACCESS_KEY: "secret",
    };
    keepClusterEnvironment(env, paths);
    expect(clusterEnvironment(paths)).to.deep.equal({
      PATH: `${state}/bin:/usr/bin`,
      HOME: "/h",
      IDP_TWIN: state,
      IDP_CACHE: "/c",
    });
  });

  it("is an error with its fix if no twin was started", () => {
    expect(() => clusterEnvironment(twinPaths(state))).to.throw(
      `${state}/clusters/environment.json does not exist. Fix: idp twin up`,
    );
  });
});

describe("the twin's pulumi command", () => {
  let scratch = "";
  before(() => {
    scratch = mkdtempSync(join(tmpdir(), "idp it's-"));
    mkdirSync(join(scratch, "config"));
    for (const stack of ["dev", "prod"]) {
      writeFileSync(join(scratch, `config/Pulumi.${stack}.yaml`), "");
    }
    // Prints its arguments, one per line, or dev if it is called for the selected stack.
    writeFileSync(
      join(scratch, "real"),
      `#!/bin/sh\n[ "$*" = "stack --show-name" ] && { echo dev; exit; }\nprintf '%s\\n' "$@"\nexit 3\n`,
      { mode: 0o755 },
    );
    writeFileSync(
      join(scratch, "pulumi"),
      pulumiShim(join(scratch, "real"), join(scratch, "config")),
      {
        mode: 0o755,
      },
    );
  });
  after(() => {
    rmSync(scratch, { recursive: true });
  });

  const run = async (args: string[], env: Record<string, string> = {}) => {
    const result = await execa(join(scratch, "pulumi"), args, { env, reject: false });
    expect(result.exitCode, "the real command's exit code").to.equal(3);
    return result.stdout.replaceAll(`${scratch}/`, "").split("\n");
  };
  const file = (stack: string) => `--config-file=config/Pulumi.${stack}.yaml`;

  for (const args of [
    ["preview", "-s", "prod"],
    ["pre", "--stack", "prod"],
    ["up", "--yes", "--stack=prod"],
    ["destroy", "-sprod"],
    ["--color", "never", "-C", "up", "refresh", "-s", "organization/idp/prod"],
    ["config", "set", "-s", "prod", "idp:x", "--", "-s", "dev"],
  ]) {
    it(`adds the stack's settings to: pulumi ${args.join(" ")}`, async () => {
      expect(await run(args)).to.deep.equal([file("prod"), ...args]);
    });
  }

  it("says which file it writes to, of commands that write settings alone", async () => {
    const said = async (...args: string[]) =>
      (await execa(join(scratch, "pulumi"), args, { reject: false })).stderr;
    for (const verb of ["set", "set-all", "rm", "rm-all"]) {
      expect(await said("config", verb, "-s", "prod", "idp:x", "1")).to.equal(
        `on the twin: writes to ${scratch}/config/Pulumi.prod.yaml`,
      );
    }
    for (const args of [["config"], ["config", "get", "idp:x"], ["preview"], ["stack", "ls"]]) {
      expect(await said(...args)).to.equal("");
    }
    expect(await said("config", "set", "--config-file", "mine.yaml", "idp:x", "1")).to.equal("");
  });

  it("uses the stack of PULUMI_STACK, else the selected one", async () => {
    expect(await run(["up"], { PULUMI_STACK: "prod" })).to.deep.equal([file("prod"), "up"]);
    expect(await run(["up"])).to.deep.equal([file("dev"), "up"]);
  });

  for (const args of [
    ["stack", "ls"],
    ["whoami"],
    ["preview", "-s", "other"],
    ["up", "--config-file", "mine.yaml", "-s", "prod"],
    ["stack", "output", "--message", "up now", ""],
  ]) {
    it(`does not change: pulumi ${args.join(" ")}`, async () => {
      expect(await run(args)).to.deep.equal(args);
    });
  }

  it("keeps the settings when a stack is removed", async () => {
    expect(await run(["stack", "rm", "dev", "--yes"])).to.deep.equal([
      "stack",
      "rm",
      "dev",
      "--yes",
      "--preserve-config",
    ]);
  });
});
