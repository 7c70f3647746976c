import { expect } from "chai";
import type { Command } from "commander";
import { execa } from "execa";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commands } from "../../cli/commands.ts";
import { programFor } from "../../cli/program.ts";
import { run } from "../../cli/run.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { identity, Platform } from "../support/platform.ts";
import { Outcome } from "../support/outcome.ts";

/** What one command does in one situation. */
interface Row {
  readonly situation: string;
  readonly line: string;
  readonly code: 0 | 1 | 2;
  /** What standard error must contain. */
  readonly says?: string;
  /** What standard output must contain; `json`: it must be JSON and nothing else. */
  readonly prints?: string;
  /** A file to write before, with its text, from the root; the rows after it have it, too. */
  readonly given?: readonly [path: string, text: string];
}

/** Rows in a clone of a platform with one service, `clock`; its registries do not answer. In this order. */
const promotion: readonly Row[] = [
  row("no registry answers", "status", 1, { prints: "problem: No access to dev's registry" }),
  row("the same as JSON", "status --json", 1, { prints: "json", says: "on AWS" }),
  row("no registry answers", "board", 1, { prints: "<!doctype html>" }),
  row("an unknown service", "status clok", 1, { says: "did you mean clock?" }),
  row("no clone", "status --repository /", 1, { says: "is not a clone" }),
  row("a profile of no environment", "status --profile live=x", 2, { says: "--profile live=x" }),
  row("no registry answers", "diff clock staging prod", 1, { says: "reading both registries" }),
  row("an unknown service", "diff clok dev prod", 1, { says: "did you mean clock?" }),
  row("success", "hold clock dev", 0, { prints: "held: held" }),
  row("nothing to do", "hold clock dev", 0, { prints: "nothing changed" }),
  row("a reason that does not print", "hold clock dev --reason \u0007", 2, { says: "--reason" }),
  row("an unknown service", "hold clok dev", 1, { says: "did you mean clock?" }),
  row("success, as JSON", "unhold clock dev --json", 0, { prints: "json" }),
  row("nothing to do", "unhold clock dev", 0, { prints: "nothing changed" }),
  row("no earlier version", "rollback clock staging", 1, { says: "has had no other tag" }),
  row("no registry answers", "release clock v1.2.3", 1, { says: "No access to" }),
  row("a version that is none", "release clock 1.2", 2, { says: "is not a release version" }),
  row("a commit that is none", "release clock v1.2.3 --commit main", 2, {
    says: "is not a commit",
  }),
  row("no registry answers", "promote clock v1.2.3", 1, { says: "every rule" }),
  row("a version that is none", "promote clock latest", 2, { says: "is not a release version" }),
  row("another version than expected", "sync clock --expect v9.9.9", 1, { says: "was expected" }),
  row("no kubectl", "sync clock", 1, { says: "prod's cluster cannot be asked" }),
  row("no kubectl", "refresh dev", 1, { says: "has dev's Argo CD read" }),
  row("changes that are not committed", "release clock v1.2.3", 1, {
    says: "has uncommitted changes",
    given: ["Pulumi.dev.yaml", "config: {}\n"],
  }),
  row("a server that does not answer", "status", 1, {
    says: "Could not fetch main",
    given: [".git/config", '[remote "origin"]\n\turl = http://127.0.0.1:9/idp.git\n'],
  }),
];

const service = "service new clock --port 8080 --image idp/clock";

/** Rows in a copy of this repository, on a machine with git and a Helm that renders nothing. In this order. */
const repository: readonly Row[] = [
  row("a word too much", "check twice", 2, { says: "too many arguments" }),
  row("an unknown base", "check --base nosuch", 1, { says: "--base nosuch: git does not know it" }),
  row("findings", "check --json", 1, { prints: "json", says: "checking the service files" }),
  row("nothing to do", "changes", 0, { prints: "dev: no work" }),
  row("as JSON", "changes --json", 0, { prints: "json" }),
  row("an unknown base", "changes --base nosuch", 1, { says: "--base nosuch" }),
  row("an unknown stack", "changes --of live", 2, { says: "--of live: must be some of dev" }),
  row("no GitHub to ask", "changes --applied", 1, { says: "GITHUB_TOKEN" }),
  row("no pulumi", "audit dev", 1, { says: "reading the stack's state" }),
  row("no flags and no terminal", "init", 2, { says: "idp init has no flags" }),
  row("a wrong account", "init --dev-account 12", 2, { says: "--dev-account" }),
  row("nothing to do", "init --branch main", 0, { prints: "Nothing to change" }),
  row("success without writing", "init --domain example.org --dry-run", 0, {
    prints: "files change",
  }),
  row("a machine without programs", "doctor", 1, { says: "asking this machine" }),
  row("the same as JSON", "doctor --json", 1, { prints: "json" }),
  row("no aws", "env dev", 1, { says: "dev: asking AWS" }),
  row("no aws", "backend create dev", 1, { says: "aws is not on PATH" }),
  row("no gh", "github setup", 1, { says: "there is no gh to ask" }),
  row("two things that exclude each other", "github setup --role-variable CLOCK", 2, {
    says: "publishes no image",
  }),
  row("no app is named", "github writer-key dev", 1, { says: "idp:images.writer" }),
  row("success", "cost", 0, { prints: "together $" }),
  row("success, as JSON", "cost dev --json", 0, { prints: "json" }),
  row("a file that is not there", "cost dev --preview nosuch", 1, {
    says: "nosuch cannot be read",
  }),
  row("a plan without its stack", "cost --preview nosuch", 2, { says: "name it" }),
  row("GitHub does not answer", "outdated", 1, { says: "asking GitHub for the newest releases" }),
  row("no job of GitHub Actions", "report comment 1 README.md --title t", 1, {
    says: "GITHUB_TOKEN",
  }),
  row("no job of GitHub Actions", "report issue README.md --title t --result failure", 1, {
    says: "GITHUB_TOKEN",
  }),
  row("success", service, 0, { prints: "wrote argocd/applications/dev/clock.yaml" }),
  row("nothing to do", service, 0, { prints: "nothing was changed" }),
  row("a port that is none", "service new clock --port x --image idp/clock", 2, {
    says: "must be a whole number",
  }),
  row("a build that is none", `${service} --tag v1`, 2, { says: "--tag v1" }),
  row("a name that is none", "service new Clock --port 80 --image idp/clock", 1, {
    says: "would not be valid",
  }),
  row("changes that are not committed", "service remove clock", 1, { says: "Not committed yet" }),
  row("success, as JSON", "service remove version-service --json", 0, { prints: "json" }),
  row("an unknown service", "service remove clok", 1, {
    says: "No environment has a file of clok",
  }),
  row("no twin", "twin status", 1, { says: "There is no twin" }),
  row("no twin", "twin env", 1, { says: "There is no twin" }),
  row("no twin", "twin logs", 1, { says: "There is no twin" }),
  row("no twin", "twin kubeconfig dev", 1, { says: "There is no twin" }),
  row("no twin", "twin open time-service", 1, { says: "There is no twin" }),
  row("no twin", "twin merge main", 1, { says: "There is no twin" }),
  row("no twin", "twin push time-service", 1, { says: "There is no twin" }),
  row("no twin", "twin demo", 1, { says: "There is no twin" }),
  row("nothing to do", "twin down", 0),
  row("no twin", "status --twin", 1, { says: "There is no twin" }),
  row("success", "completion bash", 0, { prints: "complete -F _idp idp" }),
  row("settings that are not valid", "check", 1, {
    prints: "Pulumi.dev.yaml:2:14 error settings-are-valid: idp:aws.accountId: found 12;",
    given: ["Pulumi.dev.yaml", "config:\n  idp:aws: { accountId: 12 }\n"],
  }),
];

function row(
  situation: string,
  line: string,
  code: Row["code"],
  more: Omit<Row, "situation" | "line" | "code"> = {},
): Row {
  return { situation, line, code, ...more };
}

describe("exit codes", () => {
  let scratch: string;
  let platform: Platform;
  const results = new Map<Row, Outcome>();

  before(async function () {
    this.timeout(300_000);
    scratch = mkdtempSync(join(tmpdir(), "idp-exit-codes-"));
    mkdirSync(join(scratch, "bin"));
    for (const name of ["git", "sh"]) {
      const { stdout } = await execa("sh", ["-c", `command -v ${name}`]);
      symlinkSync(stdout, join(scratch, "bin", name));
    }
    writeFileSync(join(scratch, "bin/helm"), "#!/bin/sh\n");
    chmodSync(join(scratch, "bin/helm"), 0o755);
    const copy = join(scratch, "idp");
    const [started] = await Promise.all([Platform.start(), copyRepository(copy)]);
    platform = started;
    await Promise.all([
      runInTurn(promotion, platform.clone, repositoryRoot),
      runInTurn(repository, copy, copy),
    ]);
  });
  after(() => {
    platform.stop();
    rmSync(scratch, { recursive: true });
  });

  /** Runs rows in a folder, with the program of the repository at `root`. */
  async function runInTurn(rows: readonly Row[], folder: string, root: string) {
    const runner = execa(
      process.execPath,
      [join(repositoryRoot, "test/support/run-lines.ts"), join(root, "cli/run.ts")],
      {
        cwd: folder,
        extendEnv: false,
        ipc: true,
        stdin: "ignore",
        env: {
          ...identity,
          HOME: scratch,
          PATH: join(scratch, "bin"),
          AWS_ACCESS_KEY_ID: "id",
          AWS_SECRET_ACCESS_KEY: "key",
          AWS_MAX_ATTEMPTS: "1",
          AWS_ENDPOINT_URL_ECR: "http://127.0.0.1:9",
        },
      },
    );
    for (const one of rows) {
      if (one.given !== undefined) writeFileSync(join(folder, one.given[0]), one.given[1]);
      await runner.sendMessage(one.line.split(" "));
      results.set(one, Outcome.parse(await runner.getOneMessage()));
    }
    runner.kill();
    await runner.catch(() => undefined);
  }

  for (const one of [...promotion, ...repository]) {
    const { line, situation, code, says, prints } = one;
    it(`idp ${JSON.stringify(line).slice(1, -1)}: ${situation}: ${code}`, () => {
      const result = results.get(one);
      const all = `${result?.stdout ?? ""}\n${result?.stderr ?? ""}`;
      expect(result?.code, all).to.equal(code);
      if (says !== undefined) expect(result?.stderr).to.include(says);
      if (prints === "json") JSON.parse(result?.stdout ?? "");
      else if (prints !== undefined) expect(result?.stdout).to.include(prints);
    });
  }

  it("are tried for every command", async () => {
    const lines = [...promotion, ...repository].map(({ line }) => `${line} `);
    // It begins with the tools' build, or starts three clusters.
    const elsewhere = ["twin up", "twin doctor"];
    const untried = (await leaves())
      .map(({ name }) => name)
      .filter((name) => !lines.some((line) => line.startsWith(`${name} `)));
    expect(untried).to.deep.equal(elsewhere);
  });
});

describe("a wrong command line exits with 2, and nothing is tried", () => {
  it("for an option that there is not, of any command", async () => {
    for (const { name } of await leaves()) {
      expect(await codeOf([...name.split(" "), "--no-such-option"]), name).to.equal(2);
    }
  });

  it("for an argument or an option that is missing", async () => {
    for (const { name, command } of await leaves()) {
      const required = command.registeredArguments.filter(({ required }) => required);
      if (required.length === 0 && !command.options.some(({ mandatory }) => mandatory)) continue;
      expect(await codeOf(name.split(" ")), name).to.equal(2);
    }
  });

  it("for an environment that there is not", async () => {
    const tried: string[] = [];
    for (const { name, command } of await leaves()) {
      const at = command.registeredArguments.findIndex(
        ({ argChoices }) => argChoices?.length === 3,
      );
      if (at < 0) continue;
      tried.push(name);
      const words = [...name.split(" "), ...Array<string>(at).fill("clock"), "live"];
      const rest = command.registeredArguments.slice(at + 1).map(() => "dev");
      expect(await codeOf([...words, ...rest]), name).to.equal(2);
    }
    expect(tried).to.include.members(["audit", "hold", "diff", "twin kubeconfig"]);
  });

  it("for a command that there is not, and for none", async () => {
    for (const words of [["chek"], [], ["twin"], ["twin", "strat"], ["service", "add"]]) {
      expect(await codeOf(words), words.join(" ")).to.equal(2);
    }
  });
});

describe("docs/commands.md", () => {
  it("has a row for each command, in the help's order", async () => {
    const page = readFileSync(join(repositoryRoot, "docs/commands.md"), "utf8");
    const rows = [...page.matchAll(/^\| `idp ([a-z -]+?)` +\|/gm)].map(([, name]) => name);
    expect(rows).to.deep.equal((await leaves()).map(({ name }) => name));
  });
});

/** Every command that does something, by its words. */
async function leaves(): Promise<{ readonly name: string; readonly command: Command }[]> {
  const under = (command: Command, before: string): { name: string; command: Command }[] => {
    const name = `${before}${command.name()}`;
    return command.commands.length === 0
      ? [{ name, command }]
      : command.commands.flatMap((one) => under(one, `${name} `));
  };
  const all = await Promise.all(Object.values(commands).map(({ load }) => load(programFor)));
  return all.flatMap((command) => under(command, ""));
}

/** The exit code of a command line that must end before anything is done. */
async function codeOf(words: readonly string[]): Promise<number> {
  return run(words, async (line) => quiet(await programFor(line)));
}

function quiet(command: Command): Command {
  for (const one of command.commands) quiet(one);
  return command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
}

/** Copies what git has of this repository, with two commits. */
async function copyRepository(to: string): Promise<void> {
  const git = (cwd: string, ...args: string[]) => execa("git", args, { cwd, env: identity });
  const { stdout } = await git(
    repositoryRoot,
    "ls-files",
    "-z",
    "--cached",
    "--others",
    "--exclude-standard",
  );
  for (const path of stdout.split("\0").filter((path) => !/^$|^test\/(?!golden\/)/.test(path))) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(repositoryRoot, path), join(to, path));
  }
  symlinkSync(join(repositoryRoot, "node_modules"), join(to, "node_modules"));
  await git(to, "init", "--quiet", "--initial-branch=main");
  await git(to, "add", "--all");
  await git(to, "commit", "--quiet", "--message", "Start");
  await git(to, "commit", "--quiet", "--allow-empty", "--message", "Nothing");
}
