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
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
      "a process name consists of letters, digits, '.', '_' and '-'",
    ),
  command: z.string().min(1),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()).optional(),
  cwd: z.string().optional(),
});

/** A process to run. Two specs with the same content are the same process. */
export interface ProcessSpec {
  /** Unique in the twin. The pid file and the log file have this name. */
  readonly name: string;
  /** Absolute path, or a name looked up on the PATH given in `env`. */
  readonly command: string;
  /** Must hold no secrets: every user of the machine can read another process's arguments. */
  readonly args: readonly string[];
  /**
   * The whole environment: nothing is inherited, such as proxy settings or credentials. Default: PATH and HOME of the
   * caller. Saved in the pid file, which has mode 0600.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the twin's state directory. */
  readonly cwd?: string;
}

/** How a process ended: its exit code, or 128 + signal number as in shells. */
export type ExitCode = number;

/** The process that {@link startProcess} found or started. */
export interface Started {
  readonly pid: number;
  /** False if the same process was already running. */
  readonly isNew: boolean;
  /** Resolves when the process ends. Only set for a process that this call started. */
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
  /** See pid.ts: it prevents mistaking another process with the same pid for this one. */
  identity: z.string(),
  startedAt: z.string(),
});
type ProcessRecord = z.infer<typeof ProcessRecord>;

/** When a process starts, a log larger than this replaces `<name>.log.1`. */
const logLimitBytes = 20 * 1024 * 1024;
const pollMs = 50;
/** How long what a killed process has started may go on. */
const orphanLimitMs = 2_000;

/**
 * Starts a process that outlives its starter, in its own session and process group. Idempotent: if the same spec already
 * runs, it is left alone; another spec under the same name is stopped first. Safe to call from several processes at the
 * same time. Output goes to {@link logFile}.
 *
 * @throws if the command cannot be executed. It does not notice a command that starts and then fails: check
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
    if (current !== undefined) await untilGone(current);
    return launch(wanted);
  });
}

/**
 * Waits for the end of a process that was killed, and for what it started, which may notice in a moment. Not for ever: its
 * number may be another group's by now.
 */
async function untilGone({ pid, identity }: ProcessRecord): Promise<void> {
  const deadline = Date.now() + orphanLimitMs;
  while (isLeaving(pid, identity) || (Date.now() < deadline && isGroupAlive(pid))) {
    await sleep(pollMs);
  }
}

/**
 * Stops a process with its whole group: TERM, then KILL after `limitMs` (default 10 s). Resolves when the whole group has
 * ended and the pid file is deleted. If no process with this name is known or running, that is no error.
 */
export async function stopProcess(name: string, limitMs = 10_000): Promise<void> {
  await withLock(join(processesDir(), `${name}.lock`), async () => {
    const record = readRecord(name);
    if (record === undefined) return;
    await end(record, limitMs);
    rmSync(recordFile(name), { force: true });
  });
}

/** Whether the process of this name runs: the one that was started, not another with the same pid. */
export function isRunning(name: string): boolean {
  const record = readRecord(name);
  return record !== undefined && isAlive(record.pid, record.identity);
}

/** Returns every process that was started and not stopped, dead ones included, sorted by name. */
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
 * Stops every process of the twin. Repeats until none is left: a process among them may have started another one before it
 * got its signal.
 */
export async function stopAll(limitMs = 10_000): Promise<void> {
  for (let names = allNames(); names.length > 0; names = allNames()) {
    await Promise.all(names.map((name) => stopProcess(name, limitMs)));
  }
}

/** Returns the path of a process's log: its standard output and standard error. */
export function logFile(name: string): string {
  return join(stateDir(), "logs", `${name}.log`);
}

/** Returns the last lines of a process's output, for an error message. */
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
  // Synchronously and before anything else: the process stays known, whatever happens to its starter.
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

/** Ends a process's group. Does nothing if the process no longer runs. */
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
    // It has ended in the meantime.
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal];
}
