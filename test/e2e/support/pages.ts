import { execa } from "execa";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repositoryUrl, requireTwin } from "../../../twin/state/twin.ts";
import { runCommandsOf } from "../../docs/commands.ts";
import { linkPackages } from "./packages.ts";
import { logFile } from "./twin.ts";

/** What the runbooks say first of the twin. */
const prelude = 'eval "$(npx idp twin env)"';

/** What happens to a page's commands when they are run. */
interface Reader {
  /** Another text instead of a command, such as one with the versions that there are now. */
  readonly adapt?: (command: string) => Promise<string> | string;
  /** What another person, a workflow or time does before a command. */
  readonly meanwhile?: (command: string) => Promise<unknown>;
}

/**
 * Runs a page's commands as a reader does: in bash, in a clone of the twin's repository, one after the other, in a shell
 * that is on the twin by the runbooks' own first command.
 * @throws Error with a command and what it said, when one fails
 */
export async function runPage(page: string, { adapt, meanwhile }: Reader = {}): Promise<void> {
  const clone = mkdtempSync(join(tmpdir(), "idp-page-"));
  const variables = join(clone, ".git/variables");
  const git = (...args: string[]) => execa("git", args, { cwd: clone });
  const run = async (command: string): Promise<void> => {
    appendFileSync(logFile, `\n$ ${command}\n`);
    const output = await execa(
      "bash",
      ["-c", `set -eo pipefail; . ${variables}; ${command}\nexport -p > ${variables}`],
      { cwd: clone, all: true, reject: false, stdin: "ignore" },
    );
    appendFileSync(logFile, output.all);
    if (output.failed) throw new Error(`${page}: ${command}\n${output.all.slice(-3000)}`);
  };
  try {
    await git("clone", "--quiet", repositoryUrl(requireTwin()), ".");
    await git("config", "user.name", "dev");
    await git("config", "user.email", "dev@idp.invalid");
    await linkPackages(clone);
    appendFileSync(variables, "");
    await run(prelude);
    for (const command of runCommandsOf(page)) {
      await meanwhile?.(command);
      // Image Updaters commit, too: a reader pulls before they change something, and before they push.
      const { stdout } = await git("status", "--porcelain", "--untracked-files=no");
      if (stdout === "") await git("pull", "--quiet", "--rebase");
      await run((await adapt?.(command)) ?? command);
    }
  } finally {
    rmSync(clone, { recursive: true, force: true });
  }
}
