import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Exit code of a program that has told its error to the engine itself (sdk/nodejs/cmd/run/index.ts). */
export const bailCode = 32;

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Ends what is running, as Ctrl-C would. */
export function interruptAll(): void {
  for (const child of children) child.kill("SIGINT");
}

/** What to start, and where its output goes. */
export interface Command {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: (chunk: Buffer) => void;
  readonly stderr: (chunk: Buffer) => void;
}

/** A started node process. */
export interface Running {
  /** Its exit code; a signal counts as 128. */
  readonly exit: Promise<number>;
  readonly stop: () => void;
}

/** Runs node, the one that runs this host, and passes its output on until its end. */
export function runNode({ args, cwd, env, stdout, stderr }: Command): Running {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  child.stdout.on("data", stdout);
  child.stderr.on("data", stderr);
  const exit = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      children.delete(child);
      resolve(code ?? 128);
    });
  });
  return { exit, stop: () => child.kill("SIGINT") };
}

/**
 * The file of a @pulumi/pulumi entry point as the program would load it.
 * @throws Error saying what to install where
 */
export function entryPoint(programDirectory: string, module: string): string {
  const id = `@pulumi/pulumi/cmd/${module}`;
  try {
    return createRequire(join(programDirectory, "package.json")).resolve(id);
  } catch {
    // The engine knows this wording and answers it with its own advice.
    throw new Error(`Cannot find module '${id}' from ${programDirectory}. Fix: npm ci`);
  }
}
