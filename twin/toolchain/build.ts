import { execa } from "execa";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { z } from "zod";
import { withLock } from "../process/lock.ts";
import { cacheDir, toolsFolder } from "../../lib/paths.ts";
import { readDurations, rememberDuration } from "./durations.ts";
import { ToolchainError } from "./error.ts";
import { compilerFlags, findGo, linkerArgument, type Go } from "./go.ts";
import { isBuilt, sourceFolder, toolFolder, toolId } from "./locate.ts";
import { clock, report, type Output, type Progress } from "./progress.ts";
import { makeRoom } from "./room.ts";
import { findSubstitute, serves } from "./substitute.ts";
import {
  definitionOf,
  toolNames,
  type ModuleFile,
  type PatchedModule,
  type ToolName,
} from "./tools.ts";

/** Options of {@link ensureTools}. */
export interface EnsureOptions {
  /** Default: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: standard error, to keep a command's standard output clean. */
  readonly output?: Output;
}

/** A build that waits longer than this for another one prints a message. */
const patienceMs = 2_000;
/** More than all builds together need on a slow machine. */
const lockLimitMs = 4 * 3_600_000;
const tailLines = 25;

/**
 * Builds the tools that are missing, one after the other. It is safe to call from several processes at the same time. A
 * killed build leaves nothing that could be mistaken for a tool.
 * @throws ToolchainError that says what to do
 */
export async function ensureTools(
  names: readonly ToolName[],
  options: EnsureOptions = {},
): Promise<void> {
  const env = options.env ?? process.env;
  const output = options.output ?? standardError(env);
  const wanted = toolNames.filter((name) => names.includes(name) && isForThisPlatform(name));
  if ((await missing(wanted, env)).length === 0) return;

  const waiting = setTimeout(() => {
    output.write("toolchain: waiting for another build of the tools to end\n");
  }, patienceMs);
  const folder = toolsFolder(env);
  await withLock(
    join(folder, ".lock"),
    async () => {
      clearTimeout(waiting);
      await buildAll(await missing(wanted, env), env, output);
    },
    lockLimitMs,
  ).finally(() => {
    clearTimeout(waiting);
  });
}

/**
 * Prepares a folder with a tool's sources, patched and ready to build, for work on its go.mod.
 * @returns the folder
 */
export async function prepareTool(
  name: ToolName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const { work } = await prepare(name, await findGo(env), env);
  return work;
}

function isForThisPlatform(name: ToolName): boolean {
  const { platform = process.platform } = definitionOf(name);
  return platform === process.platform;
}

async function missing(names: readonly ToolName[], env: NodeJS.ProcessEnv): Promise<ToolName[]> {
  const isThere = await Promise.all(names.map((name) => isUsable(name, env)));
  return names.filter((_, index) => isThere[index] === false);
}

/** Whether a built tool can be used. A link to the user's own program can only if that program still works. */
async function isUsable(name: ToolName, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (!isBuilt(name, env)) return false;
  const { substitute } = definitionOf(name);
  if (substitute === undefined) return true;
  const program = join(toolFolder(name, env), "bin", substitute.command);
  return !lstatSync(program).isSymbolicLink() || (await serves(program, substitute));
}

async function buildAll(
  names: readonly ToolName[],
  env: NodeJS.ProcessEnv,
  output: Output,
): Promise<void> {
  if (names.length === 0) return;
  const durationsFile = join(toolsFolder(env), "durations.json");
  const known = readDurations(durationsFile);
  const expected = (name: ToolName): number => known[name] ?? definitionOf(name).coldSeconds;
  const total = names.reduce((sum, name) => sum + expected(name), 0);
  output.write(
    `toolchain: ${names.length} of ${toolNames.length} tools to build, about ${clock(total)}, into ${toolsFolder(env)}\n`,
  );

  // Left by a killed build. Nothing else builds while this process holds the lock.
  rmSync(join(cacheDir(env), "work", "tmp"), { recursive: true, force: true });
  const start = Date.now();
  let go: Go | undefined;
  for (const name of names) {
    if (await linkSubstitute(name, env, output)) continue;
    makeRoom(cacheDir(env), (line) => output.write(`${line}\n`));
    go ??= await findGo(env);
    const progress = report(name, expected(name), known[name] !== undefined, output);
    const began = Date.now();
    try {
      await build(name, go, env, progress);
    } catch (error) {
      progress.done("failed");
      throw error;
    }
    progress.done("built");
    rememberDuration(durationsFile, name, (Date.now() - began) / 1000);
  }
  output.write(`toolchain: ready after ${clock((Date.now() - start) / 1000)}\n`);
}

async function linkSubstitute(
  name: ToolName,
  env: NodeJS.ProcessEnv,
  output: Output,
): Promise<boolean> {
  const { substitute } = definitionOf(name);
  const folder = toolFolder(name, env);
  // An existing folder is a link that can no longer be used.
  rmSync(folder, { recursive: true, force: true });
  if (substitute === undefined) return false;
  const program = await findSubstitute(substitute, env);
  if (program === undefined) return false;
  const draft = join(workFolder(name, env), "out");
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(join(draft, "bin"), { recursive: true });
  symlinkSync(program, join(draft, "bin", substitute.command));
  renameSync(draft, folder);
  output.write(`  ${name}: uses your own ${program}\n`);
  return true;
}

interface Prepared {
  /** The folder in which Go builds. */
  readonly work: string;
  /** Folders of the modules whose files are needed, by module. */
  readonly modules: ReadonlyMap<string, string>;
}

async function prepare(name: ToolName, go: Go, env: NodeJS.ProcessEnv): Promise<Prepared> {
  const { patched, embed = [], files = [] } = definitionOf(name);
  const work = workFolder(name, env);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(dirname(work), { recursive: true });
  cpSync(sourceFolder(name), work, { recursive: true });

  const modules = new Map<string, string>();
  if (patched !== undefined) modules.set(patched.module, await patch(patched, work, go));
  for (const { module } of [...embed, ...files]) {
    if (!modules.has(module)) modules.set(module, (await download([module], work, go)).Dir);
  }
  for (const file of embed) writeModuleFile(file, modules, join(work, file.to));
  return { work, modules };
}

async function build(
  name: ToolName,
  go: Go,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  const { binaries, links = {}, set, files = [] } = definitionOf(name);
  progress.doing("downloading modules");
  const { work, modules } = await prepare(name, go, env);
  progress.doing("compiling");
  const out = join(work, "out");
  const bin = join(out, "bin");
  mkdirSync(bin, { recursive: true });

  const [first, ...more] = Object.keys(binaries);
  if (first === undefined) throw new ToolchainError(`${name}: has no binaries (tools.ts)`);
  const target = more.length === 0 ? join(bin, first) : `${bin}/`;
  await compile(
    name,
    ["-o", target, linkerArgument(set), ...Object.values(binaries)],
    work,
    go,
    env,
    progress,
  );

  for (const [link, binary] of Object.entries(links)) symlinkSync(binary, join(bin, link));
  for (const file of files) {
    const path = join(out, file.to);
    writeModuleFile(file, modules, path);
    if (file.to.startsWith("bin/")) chmodSync(path, 0o755);
  }
  const folder = toolFolder(name, env);
  mkdirSync(dirname(folder), { recursive: true });
  renameSync(out, folder);
  rmSync(work, { recursive: true, force: true });
}

async function compile(
  name: ToolName,
  args: readonly string[],
  work: string,
  go: Go,
  env: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<void> {
  const log = join(toolsFolder(env), "logs", `${name}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const command = ["build", "-v", ...compilerFlags, ...args];
  writeFileSync(log, `go ${command.join(" ")}\n`);
  const child = execa("go", command, {
    cwd: work,
    env: go.env,
    extendEnv: false,
    reject: false,
    buffer: false,
    stdout: "ignore",
    stdin: "ignore",
  });
  const messages: string[] = [];
  for await (const line of child.iterable({ from: "stderr" })) {
    appendFileSync(log, `${line}\n`);
    if (isPackage(line)) progress.compiled();
    else messages.push(line);
    if (line.startsWith("go: downloading")) progress.doing("downloading modules");
  }
  const { failed, exitCode, signal } = await child;
  if (!failed) return;
  const reason = signal === undefined ? `exit code ${exitCode ?? "unknown"}` : `signal ${signal}`;
  throw new ToolchainError(
    [
      `${name}: go build ended with ${reason}. The end of its output:`,
      ...messages.filter((line) => !line.startsWith("go: downloading")).slice(-tailLines),
      `Log: ${log}`,
      `Fix: correct what the output names, then: node twin/toolchain/main.ts ${name}. What was compiled stays in the cache.`,
    ].join("\n"),
  );
}

/** Whether a line of `go build -v` names a package. All other lines contain spaces. */
function isPackage(line: string): boolean {
  return /^[^\s:#]+$/.test(line);
}

/** Writes the patched source of a module to `upstream` and returns the folder of the original source. */
async function patch(patched: PatchedModule, work: string, go: Go): Promise<string> {
  const { module, version, sum, patches, without = [] } = patched;
  const found = await download([`${module}@${version}`], dirname(work), go);
  if (found.Sum !== sum) {
    throw new ToolchainError(
      `${module} ${version}: the downloaded content has checksum ${found.Sum}, twin/toolchain/tools.ts pins ${sum}. ` +
        `Fix: find out why it differs before you change the pin.`,
    );
  }
  const upstream = join(work, "upstream");
  const omitted = new Set(without);
  cpSync(found.Dir, upstream, {
    recursive: true,
    filter: (path) => !omitted.has(relative(found.Dir, path).split(sep)[0] ?? ""),
  });
  for (const file of patches) {
    // Git must not use a repository around the cache, nor the one whose hook runs this.
    const env = Object.fromEntries(
      Object.entries(go.env).filter(([variable]) => !variable.startsWith("GIT_")),
    );
    const { failed, stderr } = await execa("git", ["apply", join(work, "patches", file)], {
      cwd: upstream,
      env: { ...env, GIT_CEILING_DIRECTORIES: work },
      extendEnv: false,
      reject: false,
    });
    if (failed) {
      throw new ToolchainError(
        `${file} does not apply to ${module} ${version}:\n${stderr}\nFix: rewrite the patch for this version.`,
      );
    }
  }
  return found.Dir;
}

const Download = z.object({ Dir: z.string(), Sum: z.string() });

async function download(
  args: readonly string[],
  cwd: string,
  go: Go,
): Promise<z.infer<typeof Download>> {
  const answer = await go.run(["mod", "download", "-json", ...args], cwd);
  return Download.parse(JSON.parse(answer));
}

function writeModuleFile(
  file: ModuleFile,
  modules: ReadonlyMap<string, string>,
  path: string,
): void {
  const module = modules.get(file.module);
  if (module === undefined) throw new ToolchainError(`${file.module}: was not downloaded`);
  const names = typeof file.from === "string" ? [file.from] : file.from;
  const parts = names.map((from) => readFileSync(join(module, from), "utf8"));
  const text = parts.length > 1 ? parts.join("\n---\n") : (parts[0] ?? "");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file.set === undefined ? text : withKeys(text, file.set));
}

function withKeys(json: string, keys: Readonly<Record<string, string>>): string {
  const content = z.record(z.string(), z.unknown()).parse(JSON.parse(json));
  return JSON.stringify({ ...content, ...keys });
}

function workFolder(name: ToolName, env: NodeJS.ProcessEnv): string {
  return join(cacheDir(env), "work", toolId(name));
}

function standardError(env: NodeJS.ProcessEnv): Output {
  return {
    write: (text) => process.stderr.write(text),
    isTTY: process.stderr.isTTY && !env["CI"],
  };
}
