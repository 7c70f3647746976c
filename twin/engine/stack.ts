import { existsSync, readFileSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa, ExecaError } from "execa";
import { z } from "zod";
import type { Environment } from "../../config/environments.ts";
import { twinEnvironment } from "../state/environment.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { processIdentity } from "../process/pid.ts";
import type { Say } from "../../lib/stages.ts";
import { settingsFile, twinPaths } from "../state/twin.ts";

/** The Pulumi project, which is a folder of the file backend and part of every stack's full name. */
const project = "idp";

/** How many resources an update created, changed or left unchanged, by Pulumi's own words: `created`, `unchanged`. */
export type Changes = Readonly<Record<string, number>>;

/**
 * Applies the program to one of the twin's stacks with the real CLI. Before that it creates the stack if it does not exist,
 * and cleans up after a killed engine (its lock, interrupted creates).
 *
 * @param pulumi the path of the real CLI
 * @throws Error with the engine's diagnostics
 */
export async function applyStack(
  pulumi: string,
  environment: Environment,
  say: Say,
): Promise<Changes> {
  const run = (args: readonly string[], onLine: Say = () => undefined) =>
    runPulumi(pulumi, environment, args, onLine);
  if (!existsSync(stateFile(environment))) {
    // In the folder of the twin's settings, because the CLI writes the salt of the stack's secrets next to the project's file.
    await run(["--cwd", twinPaths().settings, "stack", "init", environment, "--no-select"]);
  }
  const [lock] = locks(environment);
  if (lock !== undefined && isHeld(lock)) {
    throw new Error(
      `Stack ${environment} is locked by process ${lock.pid} since ${lock.timestamp}: another update is running. ` +
        `Fix: wait for it, or end it and run: pulumi cancel -s ${environment}`,
    );
  }
  if (lock !== undefined) {
    say(`the engine with pid ${lock.pid} was killed: releasing its lock`);
    await run(["cancel", "--yes", "--stack", environment]);
  }
  const config = ["--stack", environment, "--config-file", settingsFile(environment)];
  const pending = pendingCreates(environment);
  if (pending.length > 0) {
    say(`an engine was killed while it created ${pending.join(", ")}: refreshing the stack`);
    await run(
      ["refresh", ...config, "--yes", "--skip-preview", "--clear-pending-creates", ...quiet],
      say,
    );
  }
  const lines: string[] = [];
  // With the policy pack, as in the workflows: the twin must refuse what an account would refuse.
  const pack = ["--policy-pack", join(repositoryRoot, "policy")];
  await run(["up", ...config, ...pack, "--yes", "--skip-preview", ...quiet], (line) => {
    lines.push(line);
    const progress = progressOf(line);
    if (progress !== undefined) say(progress);
  });
  return changesIn(lines);
}

const quiet = ["--suppress-outputs", "--suppress-permalink"];

async function runPulumi(
  pulumi: string,
  environment: Environment,
  args: readonly string[],
  onLine: Say,
): Promise<void> {
  const child = execa(pulumi, [...args, "--non-interactive", "--color", "never"], {
    cwd: repositoryRoot,
    env: twinEnvironment(),
    extendEnv: false,
    all: true,
    buffer: false,
    stdin: "ignore",
  });
  const tail: string[] = [];
  const reading = (async () => {
    for await (const line of createInterface({ input: child.all })) {
      tail.push(line);
      onLine(line);
    }
  })();
  try {
    await child;
    await reading;
  } catch (error) {
    await reading.catch(() => undefined);
    const how = error instanceof ExecaError ? error.shortMessage : String(error);
    throw new Error(
      `pulumi ${args[0] ?? ""} of ${environment} failed.\n${diagnosticsIn(tail).join("\n")}\n${how}`,
      { cause: error },
    );
  }
}

/**
 * Returns a line of the engine's display if it is worth showing as progress: a resource that is done or has failed. Left
 * out are resources that begin, the stack itself, and the diagnostics, which are shown at the end.
 */
export function progressOf(line: string): string | undefined {
  const done =
    /^\s*(?:[-+~<>=]+\s+)?([\w.-]+:\S+ \S+ (?:\w+|\*\*.*failed\*\*)(?: \([\d.]+m?s\))?.*)$/.exec(
      line.replaceAll(/\s+/g, " "),
    )?.[1];
  if (done === undefined || done.startsWith("pulumi:pulumi:Stack")) return undefined;
  return / (created|updated|deleted|replaced|imported|refreshed|read|failed|\*\*)/.test(done) ||
    / (error|warning): /.test(done)
    ? done
    : undefined;
}

/** Returns the counts below `Resources:` at the end of an update. */
export function changesIn(lines: readonly string[]): Changes {
  const start = lines.lastIndexOf("Resources:");
  if (start < 0) return {};
  const entries = lines.slice(start + 1).flatMap((line): [string, number][] => {
    const match = /^\s+(?:\S+\s+)?(\d+) ([a-z]+)$/.exec(line);
    return match?.[1] !== undefined && match[2] !== undefined ? [[match[2], Number(match[1])]] : [];
  });
  return Object.fromEntries(entries);
}

/** Whether an update changed anything. */
export function isUnchanged(changes: Changes): boolean {
  return Object.entries(changes).every(([kind, count]) => kind === "unchanged" || count === 0);
}

/** Returns the lines to show of a failed run: those below `Policies:` and `Diagnostics:`, else the last lines. */
export function diagnosticsIn(lines: readonly string[]): string[] {
  const headings = ["Policies:", "Diagnostics:"];
  const start = lines.findIndex((line) => headings.includes(line));
  if (start < 0) return lines.slice(-20);
  const end = lines.findIndex((line, index) => index > start && line === "Resources:");
  // Left out: packs without violations, which have a tick, and the engine's last lines, an offer of its vendor's service.
  return lines
    .slice(start, end < 0 ? undefined : end)
    .filter(
      (line) => !headings.includes(line) && !/✅|Pulumi Neo|\?explainFailure|pulumi neo/.test(line),
    );
}

const Lock = z.object({ pid: z.int(), hostname: z.string(), timestamp: z.string() });
type Lock = z.infer<typeof Lock>;

/** Returns the stack's locks in the file backend. */
function locks(environment: Environment): Lock[] {
  const folder = join(
    twinPaths().pulumiBackend,
    ".pulumi/locks/organization",
    project,
    environment,
  );
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => Lock.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))));
}

/** Whether the engine that took a lock may still run. */
function isHeld({ pid, hostname: host }: Lock): boolean {
  return host !== hostname() || processIdentity(pid) !== undefined;
}

const Checkpoint = z.object({
  checkpoint: z.object({
    latest: z
      .object({
        pending_operations: z
          .array(z.object({ type: z.string(), resource: z.object({ urn: z.string() }) }))
          .optional(),
      })
      .nullish(),
  }),
});

/** Returns the names of the resources that an engine was creating when it was killed. */
function pendingCreates(environment: Environment): string[] {
  const { checkpoint } = Checkpoint.parse(JSON.parse(readFileSync(stateFile(environment), "utf8")));
  return (checkpoint.latest?.pending_operations ?? [])
    .filter(({ type }) => type === "creating")
    .map(({ resource }) => resource.urn.split("::").at(-1) ?? resource.urn);
}

function stateFile(environment: Environment): string {
  return join(twinPaths().pulumiBackend, ".pulumi/stacks", project, `${environment}.json`);
}
