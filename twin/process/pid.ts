import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

/**
 * Returns a process's start time, which distinguishes it from any other process with the same pid. Undefined if no such
 * process runs. A zombie (dead, but not yet collected by its parent) does not run.
 *
 * Linux: boot id and start time in clock ticks since boot (proc_pid_stat(5), field 22). Elsewhere: `ps -o lstart`,
 * which is exact to the second.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform !== "linux") return identityFromPs(pid);
  const stat = readStat(pid);
  return stat === undefined || stat.zombie ? undefined : `${bootId()}:${stat.startTicks}`;
}

/** Whether the process with this pid still runs and is the one with this identity. */
export function isAlive(pid: number, identity: string): boolean {
  return processIdentity(pid) === identity;
}

/**
 * Whether a process is a zombie with threads that are still ending. Until they have ended, it keeps its resources, such as
 * listening ports. A large process takes some time to end after SIGKILL. Linux only.
 */
export function isLeaving(pid: number, identity: string): boolean {
  if (process.platform !== "linux") return false;
  const stat = readStat(pid);
  return (
    stat !== undefined &&
    stat.zombie &&
    stat.threads > 1 &&
    `${bootId()}:${stat.startTicks}` === identity
  );
}

/** Whether any process of this process group runs; zombies do not count, unless they are still {@link isLeaving}. */
export function isGroupAlive(pgid: number): boolean {
  if (process.platform !== "linux") return signalReaches(-pgid);
  // The cheap check first. It is wrong only if nothing but zombies is left.
  if (!signalReaches(-pgid)) return false;
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .some((entry) => {
      const stat = readStat(Number(entry));
      return stat?.pgid === pgid && (!stat.zombie || stat.threads > 1);
    });
}

/** The fields of `/proc/<pid>/stat` that are used here. */
export interface ProcessStat {
  readonly zombie: boolean;
  readonly pgid: number;
  readonly threads: number;
  readonly startTicks: string;
}

/** Parses a line of `/proc/<pid>/stat`. The second field, the program's name, may contain spaces and brackets. */
export function parseStat(line: string): ProcessStat {
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state = "", , pgid = ""] = fields;
  const threads = Number(fields[17]);
  const startTicks = fields[19];
  if (startTicks === undefined) throw new Error(`not a line of /proc/<pid>/stat: ${line}`);
  return { zombie: state === "Z" || state === "X", pgid: Number(pgid), threads, startTicks };
}

function readStat(pid: number): ProcessStat | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined; // The process has ended.
  }
  return parseStat(line);
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function identityFromPs(pid: number): string | undefined {
  try {
    const [state = "", ...started] = execFileSync("ps", ["-o", "state=,lstart=", "-p", `${pid}`], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    })
      .trim()
      .split(/\s+/);
    return state.startsWith("Z") || started.length === 0 ? undefined : started.join(" ");
  } catch {
    return undefined;
  }
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
