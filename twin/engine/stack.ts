import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
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

/** Pulumi project: a folder of the file backend and a part of every stack's full name. */
const project = "idp";

/** How many resources an update made, changed, left as they were. Keys as Pulumi says them: `created`, `unchanged`. */
export type Changes = Readonly<Record<string, number>>;

/**
 * Applies the program to one of the twin's stacks with the real CLI, made first when it is not there. What a killed
 * engine left (its lock, half-done creates) is cleared before.
 *
 * @param pulumi path of the real CLI
 * @throws Error with what the engine complained of
 */
export async function applyStack(
  pulumi: string,
  environment: Environment,
  say: Say,
): Promise<Changes> {
  const run = (args: readonly string[], onLine: Say = () => undefined) =>
    runPulumi(pulumi, environment, args, onLine);
  for (const file of dropBrokenAttributes(
    join(twinPaths().pulumiBackend, ".pulumi"),
    environment,
  )) {
    say(`an engine was killed while it wrote ${file}: dropping it`);
  }
  if (!existsSync(stateFile(environment))) {
    // In the folder of the twin's settings: the salt of the stack's secrets is written beside the project's file.
    await run(["--cwd", twinPaths().settings, "stack", "init", environment, "--no-select"]);
  }
  const [lock] = locks(environment);
  if (lock !== undefined && isHeld(lock)) {
    throw new Error(
      `Stack ${environment} is locked by process ${lock.pid} since ${lock.timestamp}: another update runs. ` +
        `Fix: let it end, or end it and run: pulumi cancel -s ${environment}`,
    );
  }
  if (lock !== undefined) {
    say(`the engine with process number ${lock.pid} was killed: releasing its lock`);
    await run(["cancel", "--yes", "--stack", environment]);
  }
  const config = ["--stack", environment, "--config-file", settingsFile(environment)];
  const pending = pendingCreates(environment);
  if (pending.length > 0) {
    say(`an engine was killed while it made ${pending.join(", ")}: looking at what is there`);
    await run(
      ["refresh", ...config, "--yes", "--skip-preview", "--clear-pending-creates", ...quiet],
      say,
    );
  }
  const lines: string[] = [];
  // With the pack, as the workflows run it: what no account gets, the twin does not get either.
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
 * A line of the engine's display worth showing while it works: a resource that is done or that failed. Not: one that
 * begins, for it will be said when done; the stack itself; and from the diagnostics on nothing, they are shown at the end.
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

/** The counts below `Resources:` at the end of an update. */
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

/** What to show of a failed run: what is below `Policies:` and `Diagnostics:`, else its last lines. */
export function diagnosticsIn(lines: readonly string[]): string[] {
  const headings = ["Policies:", "Diagnostics:"];
  const start = lines.findIndex((line) => headings.includes(line));
  if (start < 0) return lines.slice(-20);
  const end = lines.findIndex((line, index) => index > start && line === "Resources:");
  // A pack that has nothing to say is marked with a tick; the engine ends with an offer of its vendor's service.
  return lines
    .slice(start, end < 0 ? undefined : end)
    .filter(
      (line) => !headings.includes(line) && !/✅|Pulumi Neo|\?explainFailure|pulumi neo/.test(line),
    );
}

/**
 * Deletes what a killed engine broke off of the notes (`.attrs`: content type, checksum) that the file backend keeps
 * beside each file of a stack. Without them it reads the file, which it replaces whole, as it is; with a broken one it
 * reads nothing ("EOF").
 *
 * @param backend the backend's `.pulumi` folder
 * @returns the deleted files' names
 */
export function dropBrokenAttributes(backend: string, stack: string): string[] {
  if (!existsSync(backend)) return [];
  const broken = readdirSync(backend, { recursive: true, encoding: "utf8" }).filter(
    (file) =>
      file.endsWith(".attrs") &&
      file.split(/[/.]/).includes(stack) &&
      !isJson(readFileSync(join(backend, file), "utf8")),
  );
  for (const file of broken) rmSync(join(backend, file));
  return broken;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const Lock = z.object({ pid: z.int(), hostname: z.string(), timestamp: z.string() });
type Lock = z.infer<typeof Lock>;

/** The stack's locks in the file backend. */
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

/** Whether the engine that took a lock can still be at work. */
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

/** Names of the resources that an engine was making when it was killed. */
function pendingCreates(environment: Environment): string[] {
  const { checkpoint } = Checkpoint.parse(JSON.parse(readFileSync(stateFile(environment), "utf8")));
  return (checkpoint.latest?.pending_operations ?? [])
    .filter(({ type }) => type === "creating")
    .map(({ resource }) => resource.urn.split("::").at(-1) ?? resource.urn);
}

function stateFile(environment: Environment): string {
  return join(twinPaths().pulumiBackend, ".pulumi/stacks", project, `${environment}.json`);
}
