import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheDir, repositoryRoot } from "../../lib/paths.ts";
import { isAlive, processIdentity } from "./pid.ts";

/** A process that works on a twin without a record: an engine, or a plugin whose engine was killed. */
export interface Leftover {
  readonly pid: number;
  readonly command: string;
}

/**
 * Returns the engines and plugins that work on the twin in `state`. They have its directory in IDP_TWIN and are programs of
 * this repository or of the toolchain; a person's shell may have the variable too but is not such a program. Linux only:
 * elsewhere a plugin ends with its engine or with the session.
 */
export function leftovers(state: string): Leftover[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && pid !== process.ppid)
    .flatMap((pid) => {
      const environment = words(pid, "environ");
      const command = words(pid, "cmdline");
      return environment.includes(`IDP_TWIN=${state}`) && isOurs(command)
        ? [{ pid, command: command.join(" ") }]
        : [];
    });
}

/** Whether a command line is one of the toolchain's programs, a double, or the user's Pulumi CLI. */
export function isOurs(command: readonly string[]): boolean {
  const ourFolders = [join(cacheDir(), "tools/"), join(repositoryRoot, "twin/")];
  const [program = ""] = command;
  return (
    program.split("/").at(-1) === "pulumi" ||
    command.slice(0, 3).some((word) => ourFolders.some((folder) => word.startsWith(folder))) ||
    command.some((word) => word.includes("/@pulumi/pulumi/cmd/"))
  );
}

/** Ends the {@link leftovers}: TERM, then KILL for those that still run after `limitMs`. */
export async function endLeftovers(state: string, limitMs = 3_000): Promise<void> {
  const found = leftovers(state).map(({ pid }) => ({ pid, identity: processIdentity(pid) ?? "" }));
  const left = () => found.filter(({ pid, identity }) => isAlive(pid, identity));
  for (const { pid } of left()) signal(pid, "SIGTERM");
  for (const deadline = Date.now() + limitMs; left().length > 0 && Date.now() < deadline;) {
    await sleep(50);
  }
  for (const { pid } of left()) signal(pid, "SIGKILL");
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}

function words(pid: number, file: "environ" | "cmdline"): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
  } catch {
    return []; // The process has ended or belongs to another user.
  }
}
