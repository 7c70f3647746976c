import { expect } from "chai";
import { execa } from "execa";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownedFiles } from "../../../config/owned-files.ts";
import { currentFacts } from "../../../config/repository-facts.ts";
import { environments } from "../../../config/environments.ts";
import { undecidedAccount } from "../../../config/schema.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { addressColumn } from "../support/address-column.ts";
import { linkPackages } from "../support/packages.ts";
import { logFile } from "../support/twin.ts";

const init = [
  ...["npx", "idp", "init", "--yes", "--org", "acme", "--repository", "platform"],
  // As GitHub's tokens name a repository that was made since July 2026.
  ...["--owner-id", "12", "--repository-id", "34"],
  ...["--dev-account", "310000000001", "--staging-account", "310000000002"],
  ...["--prod-account", "310000000003", "--region", "us-west-2"],
  ...["--domain", "acme.example", "--admin", "PlatformAdmin"],
];

/** All tests of a clone, or a twin of its own: some minutes each. */
describe("a fork", function () {
  this.timeout(20 * 60_000);
  let fork: string;

  /** A command in the fork: what it said. */
  const run = async (...[command = "", ...args]: string[]): Promise<string> => {
    appendFileSync(logFile, `\n$ ${command} ${args.join(" ")}\n`);
    // Its twin is in its own folder.
    const env = { IDP_TWIN: undefined };
    const output = await execa(command, args, { cwd: fork, env, all: true, reject: false });
    appendFileSync(logFile, output.all);
    if (output.failed) throw new Error(`${output.shortMessage}\n${output.all.slice(-4000)}`);
    return output.all;
  };

  before(async () => {
    fork = mkdtempSync(join(tmpdir(), "idp-fork-"));
    await run("git", "clone", "--quiet", repositoryRoot, ".");
    await run("git", "config", "user.name", "dev");
    await run("git", "config", "user.email", "dev@idp.invalid");
    await linkPackages(fork);
  });
  after(async () => {
    await run("make", "down");
    rmSync(fork, { recursive: true });
  });

  it("is its owner's after idp init, without a trace of the old one", async () => {
    const old = currentFacts(await ownedFiles(fork));
    expect(await run(...init)).to.include("What to do next:");
    const [owner = ""] = old.github.split("/");
    const accounts = Object.values(old.accounts).map(({ accountId }) => accountId);
    for (const trace of [owner, ...accounts.filter((account) => account !== undecidedAccount)]) {
      const args = ["grep", "-I", "--ignore-case", "--word-regexp", "--name-only", trace];
      const { exitCode, stdout } = await execa("git", [...args, "--", ":!docs", ":!LICENSE"], {
        cwd: fork,
        reject: false,
      });
      expect({ trace, exitCode, stdout }).to.deep.equal({ trace, exitCode: 1, stdout: "" });
    }
  });

  it("has nothing to change the second time", async () => {
    await run("git", "commit", "--quiet", "--all", "--message", "Make it ours");
    expect(await run(...init)).to.include("Nothing to change");
    expect(await run("git", "status", "--porcelain")).to.equal("");
  });

  it("passes make test, and the checks of what idp init changed", async () => {
    await run("make", "test");
    await run("make", "check-format", "check-rules");
  });

  it("comes up as a twin, dev in its own account", async () => {
    const state = join(fork, "twin/.state");
    mkdirSync(state);
    // The demo was shown: test/e2e/shared-twin/01-up.e2e.ts has it.
    const demo = { service: "", build: "", version: "", digest: "", moments: [] };
    writeFileSync(join(state, "demo.json"), JSON.stringify(demo));
    const said = await run("make", "up");
    const address = await addressColumn(state);
    for (const environment of environments) {
      expect(said).to.match(
        new RegExp(`^time-service +${environment} +\\S+ +Synced +Healthy${address}$`, "m"),
      );
    }
    const account = join(state, "aws/310000000001");
    expect(existsSync(account)).to.equal(true);
    // Fails when no role trusts it.
    await run(
      "grep",
      "--recursive",
      "--quiet",
      "repo:acme@12/platform@34:environment:dev",
      account,
    );
  });
});
