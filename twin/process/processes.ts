import { writeWhole } from "../../lib/write-file.ts";
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { withLock } from "./lock.ts";
import { stateDir } from "../state/folder.ts";
import { isAlive, isGroupAlive, isLeaving, processIdentity } from "./pid.ts";

const Spec = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "a process name is letters, digits, '.', '_' and '-'"),
  command: z.string().min(1),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()).optional(),
  cwd: z.string().optional(),
});

/** What to run. Two specs with the same content are the same process. */
export interface ProcessSpec {
  /** Unique in the twin; names the pid and the log file. */
  readonly name: string;
  /** Absolute path, or a name looked up on the PATH given in `env`. */
  readonly command: string;
  /** Never secrets: every user of the machine can read another process's arguments. */
  readonly args: readonly string[];
  /**
   * The whole environment, nothing is inherited (no proxy setting or credential leaks in). Default: PATH and HOME of
   * the caller. Kept in the 0600 pid file.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the twin's state directory. */
  readonly cwd?: string;
}

/** How a process ended: exit code, or 128 + signal number as shells say it. */
export type ExitCode = number;

/** What {@link startProcess} found or made. */
export interface Started {
  readonly pid: number;
  /** False when the same process was already running. */
  readonly isNew: boolean;
  /** Resolves when the process ends. Only for a process that this very call started. */
  readonly exited?: Promise<ExitCode>;
}

/** One line of {@link listProcesses}. */
export interface ProcessStatus {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  readonly startedAt: string;
  readonly logFile: string;
}

const ProcessRecord = z.strictObject({
  spec: Spec,
  pid: z.int(),
  /** See pid.ts: with it a recycled pid is never taken for ours. */
  identity: z.string(),
  startedAt: z.string(),
});
type ProcessRecord = z.infer<typeof ProcessRecord>;

/** At a start, a log larger than this moves to `<name>.log.1`, whose content is dropped. */
const logLimitBytes = 20 * 1024 * 1024;
const pollMs = 50;

/**
 * Starts a process that outlives its starter, in a session and process group of its own. Idempotent: the same spec
 * already running is left alone; another spec under the same name is stopped first. Safe to call from several processes
 * at once. Output goes to {@link logFile}.
 *
 * @throws when the command cannot be executed. A command that starts and then fails is not noticed here: ask
 * {@link isRunning} or `exited`, and show {@link logTail}.
 */
export async function startProcess(spec: ProcessSpec): Promise<Started> {
  const wanted = Spec.parse(spec);
  return withLock(join(processesDir(), `${wanted.name}.lock`), async () => {
    const current = readRecord(wanted.name);
    if (current !== undefined && isAlive(current.pid, current.identity)) {
      if (sameSpec(current.spec, wanted)) return { pid: current.pid, isNew: false };
      await end(current, 10_000);
    }
    while (current !== undefined && isLeaving(current.pid, current.identity)) await sleep(pollMs);
    return launch(wanted);
  });
}

/**
 * Stops a process with its whole group: TERM, and KILL after `limitMs` (default 10 s). Resolves when none of the group
 * is left and the pid file is gone. A name that is unknown or no longer running is no error.
 */
export async function stopProcess(name: string, limitMs = 10_000): Promise<void> {
  await withLock(join(processesDir(), `${name}.lock`), async () => {
    const record = readRecord(name);
    if (record === undefined) return;
    await end(record, limitMs);
    rmSync(recordFile(name), { force: true });
  });
}

/** Whether the process of this name runs (the very one that was started, not one that got its pid). */
export function isRunning(name: string): boolean {
  const record = readRecord(name);
  return record !== undefined && isAlive(record.pid, record.identity);
}

/** Every process that was started and not stopped, dead ones included, sorted by name. */
export function listProcesses(): ProcessStatus[] {
  if (!existsSync(processesDir())) return [];
  return readdirSync(processesDir())
    .filter((file) => file.endsWith(".json"))
    .sort()
    .flatMap((file) => readRecord(file.slice(0, -".json".length)) ?? [])
    .map((record) => ({
      name: record.spec.name,
      pid: record.pid,
      running: isAlive(record.pid, record.identity),
      startedAt: record.startedAt,
      logFile: logFile(record.spec.name),
    }));
}

/**
 * Stops every process of the twin. Asks again until none is left: a supervisor among them may have started one more
 * before it got its signal.
 */
export async function stopAll(limitMs = 10_000): Promise<void> {
  for (let names = allNames(); names.length > 0; names = allNames()) {
    await Promise.all(names.map((name) => stopProcess(name, limitMs)));
  }
}

/** Where a process's output goes, standard output and error alike. */
export function logFile(name: string): string {
  return join(stateDir(), "logs", `${name}.log`);
}

/** The last lines of a process's output, for an error message. */
export function logTail(name: string, lines = 20): string {
  if (!existsSync(logFile(name))) return "";
  return readFileSync(logFile(name), "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}

function allNames(): string[] {
  return listProcesses().map((entry) => entry.name);
}

function processesDir(): string {
  return join(stateDir(), "processes");
}

function recordFile(name: string): string {
  return join(processesDir(), `${name}.json`);
}

function readRecord(name: string): ProcessRecord | undefined {
  const file = recordFile(name);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const parsed = ProcessRecord.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new Error(`${file} is not a pid file of this version:\n${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}

function sameSpec(a: z.infer<typeof Spec>, b: z.infer<typeof Spec>): boolean {
  return canonical(a) === canonical(b);
}

function canonical(spec: z.infer<typeof Spec>): string {
  const env = Object.entries(spec.env ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([spec.command, spec.args, spec.env === undefined ? null : env, spec.cwd]);
}

async function launch(spec: z.infer<typeof Spec>): Promise<Started> {
  const log = openLog(spec.name);
  const child = spawn(spec.command, spec.args, {
    detached: true,
    stdio: ["ignore", log, log],
    cwd: spec.cwd ?? stateDir(),
    env: spec.env ?? inheritedEnv(),
  });
  closeSync(log);
  const pid = child.pid;
  if (pid === undefined) {
    const cause = await new Promise<Error>((resolve) => child.once("error", resolve));
    throw new Error(`${spec.name}: cannot run ${spec.command}: ${cause.message}`, { cause });
  }
  // At once and synchronously: whatever happens to the starter, the process stays known.
  const record: ProcessRecord = {
    spec,
    pid,
    identity: processIdentity(pid) ?? "ended before it was looked at",
    startedAt: new Date().toISOString(),
  };
  writeWhole(recordFile(spec.name), JSON.stringify(record, null, 2));
  const exited = new Promise<ExitCode>((resolve) => {
    child.once("exit", (code, signal) => {
      resolve(code ?? 128 + signalNumber(signal));
    });
  });
  child.unref();
  return { pid, isNew: true, exited };
}

function openLog(name: string): number {
  const file = logFile(name);
  mkdirSync(join(stateDir(), "logs"), { recursive: true, mode: 0o700 });
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logLimitBytes) renameSync(file, `${file}.1`);
  return openSync(file, "a", 0o600);
}

function inheritedEnv(): Record<string, string> {
  const { PATH = "", HOME = "" } = process.env;
  return { PATH, HOME };
}

/** Ends the group of a process that is known to be ours; does nothing for one that is not running any more. */
async function end(record: ProcessRecord, limitMs: number): Promise<void> {
  if (!isAlive(record.pid, record.identity)) return;
  signalGroup(record.pid, "SIGTERM");
  if (await groupEnds(record.pid, limitMs)) return;
  signalGroup(record.pid, "SIGKILL");
  if (await groupEnds(record.pid, 10_000)) return;
  throw new Error(`${record.spec.name}: process group ${record.pid} is still there after SIGKILL.`);
}

async function groupEnds(pgid: number, limitMs: number): Promise<boolean> {
  for (const deadline = Date.now() + limitMs; isGroupAlive(pgid);) {
    if (Date.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pgid, signal);
  } catch {
    // Ended in the meantime.
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
