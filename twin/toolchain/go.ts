import { execa, ExecaError } from "execa";
import { mkdirSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { cacheDir } from "../../lib/paths.ts";
import { ToolchainError } from "./error.ts";
import { goVersion } from "./tools.ts";

/**
 * Without debug tables the caches are a quarter smaller, and stack traces keep their names and lines. With `-trimpath` a
 * package that was compiled in one folder can be used in another.
 */
export const compilerFlags = ["-trimpath", "-gcflags=all=-dwarf=false"] as const;
const linkerFlags = "-s -w";

/** Returns the `-ldflags` argument that sets a tool's string variables. */
export function linkerArgument(set: Readonly<Record<string, string>> = {}): string {
  const variables = Object.entries(set).map(([name, value]) => `-X ${name}=${value}`);
  return `-ldflags=${[linkerFlags, ...variables].join(" ")}`;
}

// The machine's own settings decide where modules come from and how they are checked.
const machineSettings = [
  "GOPROXY",
  "GONOPROXY",
  "GOPRIVATE",
  "GOSUMDB",
  "GONOSUMDB",
  "GOINSECURE",
  "GOVCS",
  "GOAUTH",
] as const;
const MachineSettings = z.object(
  Object.fromEntries(machineSettings.map((name) => [name, z.string().default("")])),
);

/** Compiling is a fifth faster if the compiler collects garbage less often. Done only with more memory than this. */
const spareMemory = 15 * 2 ** 30;

/** Runs Go so that it reads and writes only the cache. */
export interface Go {
  readonly env: Readonly<Record<string, string>>;
  /** Returns the standard output of a short Go command. */
  run(args: readonly string[], cwd: string): Promise<string>;
}

/**
 * Finds the machine's Go and makes the environment for its commands.
 * @throws ToolchainError if there is no Go, or one that is too old to fetch the pinned version
 */
export async function findGo(machine: NodeJS.ProcessEnv): Promise<Go> {
  const cache = cacheDir(machine);
  const temporary = join(cache, "work", "tmp");
  mkdirSync(temporary, { recursive: true });
  const settings = MachineSettings.parse(
    JSON.parse(await machineGo(["env", "-json", ...machineSettings], machine, cache)),
  );
  const env: Record<string, string> = {
    ...definedOnly(machine),
    ...settings,
    GOENV: "off",
    GOFLAGS: "-modcacherw -buildvcs=false",
    GOWORK: "off",
    GO111MODULE: "on",
    GOTOOLCHAIN: goVersion,
    // No C compiler is needed, and the programs run on any Linux.
    CGO_ENABLED: "0",
    GOPATH: join(cache, "gopath"),
    GOMODCACHE: join(cache, "gomod"),
    GOCACHE: join(cache, "gobuild"),
    GOTMPDIR: temporary,
    XDG_CONFIG_HOME: goConfig(cache),
    ...(totalmem() > spareMemory ? { GOGC: "400" } : {}),
  };
  return {
    env,
    run: async (args, cwd) => {
      try {
        return (await execa("go", args, { cwd, env, extendEnv: false })).stdout;
      } catch (error) {
        throw new ToolchainError(
          `go ${args.join(" ")} failed in ${cwd}:\n${outputOf(error)}\nFix: read the message above; Go's module proxy must be reachable (go env GOPROXY).`,
        );
      }
    },
  };
}

async function machineGo(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
): Promise<string> {
  try {
    const goEnvironment = {
      ...definedOnly(env),
      ...settingsFile(env),
      // The machine's own version is enough to read its settings.
      GOTOOLCHAIN: "local",
      GOWORK: "off",
      XDG_CONFIG_HOME: goConfig(cwd),
    };
    return (await execa("go", args, { env: goEnvironment, extendEnv: false, cwd })).stdout;
  } catch (error) {
    throw new ToolchainError(
      `The tools of the twin are built with Go, and \`go\` does not run here: ${outputOf(error)}\nFix: install Go 1.26 or newer and put it on PATH.`,
    );
  }
}

/** Returns the folder for Go's usage counters, which would otherwise be in HOME. */
function goConfig(cache: string): string {
  return join(cache, "work", "config");
}

/** Names the file of the user's `go env -w` settings, which Go would not find in the changed configuration folder. */
function settingsFile(env: NodeJS.ProcessEnv): Record<string, string> {
  if (env["GOENV"] !== undefined || env["HOME"] === undefined) return {};
  return { GOENV: join(env["XDG_CONFIG_HOME"] || join(env["HOME"], ".config"), "go", "env") };
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function outputOf(error: unknown): string {
  if (!(error instanceof ExecaError)) return String(error);
  return (typeof error.stderr === "string" && error.stderr) || error.shortMessage;
}
