import { join } from "node:path";
import { Argument, Command, Option } from "commander";
import { execa } from "execa";
import { z } from "zod";
import { environments, type Environment } from "../config/environments.ts";
import { twinEnvironment } from "../twin/state/environment.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { requireTwin, twinPaths } from "../twin/state/twin.ts";
import { formatFinding } from "../catalog/finding.ts";
import { auditFindings, type AuditFinding } from "../policy/deployed/audit.ts";
import { readDeployed, type Run } from "../policy/deployed/read.ts";
import { readExceptions } from "../policy/exceptions.ts";
import { rules } from "../policy/rules/index.ts";
import { progress } from "./progress.ts";

interface Options {
  readonly json?: true;
  readonly twin?: true;
}

/** `idp audit <environment>`: checks what is deployed by every rule, and for drift since it was deployed. */
export function auditCommand(): Command {
  return new Command("audit")
    .addArgument(new Argument("<environment>", "whose stack and cluster").choices(environments))
    .addOption(new Option("--twin", "the twin's; also when IDP_TWIN is set"))
    .addOption(new Option("--json", "as a JSON array of findings"))
    .addHelpText(
      "after",
      `
Reads the stack's state, a preview of its refresh, a preview of the program, and Argo CD's resources in the cluster. It
changes nothing. Needs pulumi, kubectl and aws on PATH, and uses PULUMI_STACK where that names the environment's stack.
Exit code 1 when there is an error; warnings are for a person to judge.`,
    )
    .action(async (environment: Environment, { json, twin }: Options) => {
      const env = twin === true || process.env["IDP_TWIN"] ? twinsEnvironment() : process.env;
      const { deployed, context } = await readDeployed(
        environment,
        stackOf(environment, env["PULUMI_STACK"]),
        runIn(env),
        progress,
      );
      const exceptions = readExceptions(join(repositoryRoot, "policy"));
      const findings = auditFindings(rules, deployed, context, exceptions, new Date());
      console.log(json ? JSON.stringify(findings, null, 2) : textOf(environment, findings));
      if (findings.some(({ level }) => level === "error")) process.exitCode = 1;
    });
}

function twinsEnvironment(): NodeJS.ProcessEnv {
  requireTwin();
  progress(`on the twin in ${twinPaths().state}`);
  return twinEnvironment();
}

/** Returns the stack's name, with its organisation where PULUMI_STACK has one. */
export function stackOf(environment: Environment, configured: string | undefined): string {
  return configured?.split("/").at(-1) === environment ? configured : environment;
}

function textOf(environment: Environment, findings: readonly AuditFinding[]): string {
  const errors = findings.filter(({ level }) => level === "error").length;
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return [
    ...findings.map(formatFinding),
    `idp audit ${environment}: ${count(errors, "error")}, ${count(findings.length - errors, "warning")}`,
  ].join("\n");
}

const Diagnostics = z.object({
  diagnostics: z.array(z.object({ severity: z.string(), message: z.string() })),
});

/** Returns a runner for programs on PATH, in the repository's root. */
function runIn(env: NodeJS.ProcessEnv): Run {
  return async (program, args) => {
    const { stdout, stderr, failed, shortMessage } = await execa(program, args, {
      ...{ cwd: repositoryRoot, env, extendEnv: false, reject: false, stdin: "ignore" },
    });
    if (!failed) return stdout;
    const why = [...errorsIn(stdout), stderr].filter((text) => text.trim() !== "").join("\n");
    throw new Error(
      `${shortMessage}\n${why}\nNothing was changed. Fix: follow the message; ${program} must be on PATH and have credentials that can read the account`,
    );
  };
}

/** The engine's errors: with `--json` it prints them on its standard output. */
function errorsIn(stdout: string): string[] {
  try {
    return Diagnostics.parse(JSON.parse(stdout))
      .diagnostics.filter(({ severity }) => severity === "error")
      .map(({ message }) => message);
  } catch {
    return [];
  }
}
