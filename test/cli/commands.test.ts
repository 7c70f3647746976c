import { expect } from "chai";
import { execa } from "execa";
import { join } from "node:path";
import { commands } from "../../cli/commands.ts";
import { programFor } from "../../cli/program.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const idp = (...args: string[]) =>
  execa("node", [join(repositoryRoot, "cli/main.ts"), ...args], { reject: false });

describe("the table of commands", () => {
  for (const [name, { load }] of Object.entries(commands)) {
    it(`loads ${name} under its own name`, async () => {
      expect((await load(programFor)).name()).to.equal(name);
    });
  }

  it("is listed in the help without loading a command", async () => {
    const { stdout, exitCode } = await idp("--help");
    expect(exitCode).to.equal(0);
    const listed = [...stdout.matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, name]) => name);
    expect(listed.filter((name) => name !== "help")).to.deep.equal(Object.keys(commands));
  });

  it("shows the options of one command", async () => {
    expect((await idp("check", "--help")).stdout).to.include("--json");
    expect((await idp("help", "check")).stdout).to.include("--json");
  });

  for (const words of [
    ...[["release"], ["promote"], ["hold"], ["unhold"], ["rollback"]],
    ["twin", "merge"],
  ]) {
    it(`says in the help of ${words.join(" ")} what the exit codes mean`, async () => {
      const [name = "", inner] = words;
      const outer = await commands[name]?.load(programFor);
      const command = outer?.commands.find((one) => one.name() === inner) ?? outer;
      let help = "";
      command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help).to.match(
        /^Exit code: 0 done, .*; 1 refused or failed, .*; 2 wrong command line\.$/m,
      );
    });
  }

  it("refuses an unknown command", async () => {
    const { stderr, exitCode } = await idp("chek");
    expect(exitCode).to.equal(2);
    expect(stderr).to.include("unknown command 'chek'");
    expect(stderr).to.include("Did you mean check?");
  });

  it("accepts the old name of idp twin, and says so once", async () => {
    const { stdout, stderr, exitCode } = await idp("local", "--help");
    expect(exitCode).to.equal(0);
    expect(stdout).to.include("Usage: idp twin");
    expect(stderr).to.equal("idp local is now idp twin; the old name goes in 0.2");
  });

  it("exits with 2 for a wrong command line, unlike for a failed command", async () => {
    expect((await idp("check", "--yaml")).exitCode).to.equal(2);
    expect((await idp()).exitCode).to.equal(2);
    const release = ["release", "clock", "v1.0.0", "--from"];
    expect((await idp(...release, "dev")).exitCode).to.equal(2);
    expect((await idp(...release, "prod", "--commit", "1234567")).exitCode).to.equal(2);
  });
});
