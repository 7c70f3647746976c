import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";
import { z } from "zod";
import { Action, Workflow, type Concurrency, type Job, type Step } from "../workflows.ts";
import { actions, type JobWorld, type Left } from "./actions.ts";
import { repositoryName, starts, type Event } from "./events.ts";
import {
  evaluate,
  expand,
  isTrue,
  type Contexts,
  type Functions,
  type Value,
} from "./expressions.ts";
import type { Origin } from "./origin.ts";
import { writePrograms, type Played } from "./programs.ts";

/**
 * Runs a workflow of a repository as GitHub documents it: which event starts it, which jobs go on and in which order, the
 * matrix, the environment's rule, the group; then each job's steps in a clone of its own, with their real shells and the
 * variables of the event. Played are the actions of others (actions.ts), the programs that only a runner has or only AWS
 * answers (programs.ts), and GitHub's API. Not played: runners, time limits, services, `continue-on-error`, secrets.
 */

/** What stands in GitHub's settings, and what a test plays. */
export interface Github {
  readonly variables?: Readonly<Record<string, string>>;
  /** Refs that may deploy to an environment, such as `refs/heads/main`. One that is not listed is made without a rule. */
  readonly environments?: Readonly<Record<string, readonly string[]>>;
  /** Groups that another run holds, such as one that waits for an approval. */
  readonly heldGroups?: readonly string[];
  /** Address of GitHub's API. The job's token is `token of <permissions as JSON>`. */
  readonly apiUrl?: string;
  /** @default 3600 */
  readonly longestSession?: number;
  readonly played?: Played;
}

type Result = "success" | "failure" | "skipped" | "pending";

interface StepRun {
  readonly name: string;
  readonly result: "success" | "failure" | "skipped";
  /** What it printed, or why it failed. */
  readonly log: string;
}

export interface JobRun {
  /** Its key, with those of the jobs that called its workflow, and its matrix: `dev/up`, `preview (dev)`. */
  readonly name: string;
  readonly result: Result;
  readonly steps: readonly StepRun[];
  readonly environment: string | undefined;
  readonly concurrency: Concurrency | undefined;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** A run of a workflow, with every call of a program that was played. */
export interface Run {
  readonly jobs: readonly JobRun[];
  readonly calls: readonly string[];
}

/** Runs a workflow's file for an event, in a scratch folder that keeps its caches; undefined when it does not start. */
export async function run(
  scratch: string,
  origin: Origin,
  file: string,
  event: Event,
  github: Github = {},
): Promise<Run | undefined> {
  const workflow = readWorkflow(origin, event, file);
  if (!(event.name in workflow.on)) return undefined;
  if (!starts(event, workflow.on[event.name] ?? {})) return undefined;
  const folder = join(scratch, `run-${(runs += 1).toString()}`);
  mkdirSync(folder, { recursive: true });
  writePrograms(join(folder, "bin"), github.played ?? {});
  writeFileSync(join(folder, "calls"), "");
  const world = { folder, caches: join(scratch, "caches"), origin, event, github };
  const jobs = await runJobs(world, workflow, inputsOf(workflow, event), "");
  const calls = readFileSync(join(folder, "calls"), "utf8").split("\n").filter(Boolean);
  return { jobs, calls };
}

let runs = 0;

/** Inputs as the context has them: those of type boolean are no text. */
type Inputs = Readonly<Record<string, string | boolean>>;

/** @throws Error for what the form of GitHub's page does not let through, and its API refuses */
function inputsOf(workflow: Workflow, { name, inputs: given }: Event): Inputs {
  const asked = workflow.on[name]?.inputs ?? {};
  const unknown = Object.keys(given).filter((input) => !(input in asked));
  if (unknown.length > 0) throw new Error(`Unexpected inputs provided: ${unknown.join(", ")}`);
  return Object.fromEntries(
    Object.entries(asked).map(([input, { type, required, options, default: otherwise = "" }]) => {
      const value = given[input] ?? otherwise;
      if (required && value === "") throw new Error(`Required input '${input}' not provided`);
      if (options?.includes(value) === false) {
        throw new Error(`Provided value '${value}' for input '${input}' not in the list`);
      }
      return [input, type === "boolean" ? value === "true" : value];
    }),
  );
}

interface World {
  readonly folder: string;
  readonly caches: string;
  readonly origin: Origin;
  readonly event: Event;
  readonly github: Github;
}

function readWorkflow(origin: Origin, { sha }: Event, file: string): Workflow {
  return Workflow.parse(parse(origin.read(sha, `.github/workflows/${file}`)));
}

async function runJobs(
  world: World,
  workflow: Workflow,
  inputs: Inputs,
  prefix: string,
): Promise<JobRun[]> {
  const done = new Map<string, JobRun[]>();
  const waiting = new Map(Object.entries(workflow.jobs));
  while (waiting.size > 0) {
    const ready = [...waiting].find(([, { needs }]) => needs.every((need) => done.has(need)));
    if (ready === undefined)
      throw new Error(`needs in a circle: ${[...waiting.keys()].join(", ")}`);
    const [key, job] = ready;
    waiting.delete(key);
    done.set(key, await runJob(world, { workflow, key, job, inputs, prefix, done }));
  }
  return [...done.values()].flat();
}

interface JobPlace {
  readonly workflow: Workflow;
  readonly key: string;
  readonly job: Job;
  readonly inputs: Inputs;
  readonly prefix: string;
  readonly done: ReadonlyMap<string, readonly JobRun[]>;
}

/** The result of several: of a matrix, or of a called workflow. */
function together(jobs: readonly JobRun[]): Result {
  const results = jobs.map(({ result }) => result);
  for (const bad of ["failure", "pending"] as const) if (results.includes(bad)) return bad;
  return results.length === 0 || results.includes("success") ? "success" : "skipped";
}

function ancestors({ workflow, job }: JobPlace): string[] {
  const found = new Set<string>();
  const visit = (names: readonly string[]) => {
    for (const name of names) {
      found.add(name);
      visit(workflow.jobs[name]?.needs ?? []);
    }
  };
  visit(job.needs);
  return [...found];
}

async function runJob(world: World, place: JobPlace): Promise<JobRun[]> {
  const { workflow, key, job, inputs, prefix, done } = place;
  const name = prefix + key;
  const ended = (result: Result): JobRun => ({
    name,
    result,
    steps: [],
    environment: undefined,
    concurrency: undefined,
    outputs: {},
    summary: "",
  });
  const results = ancestors(place).map((ancestor) => together(done.get(ancestor) ?? []));
  if (results.includes("pending")) return [ended("pending")];
  const base = {
    github: githubContext(world),
    inputs,
    vars: vars(world),
    needs: needsContext(place),
  };
  const status: Functions = {
    // Of all jobs before, not of the needed ones alone: one that was skipped far above is no success.
    success: () => results.every((result) => result === "success"),
    failure: () => results.includes("failure"),
    always: () => true,
    cancelled: () => false,
  };
  if (!holds(job.if, base, status)) return [ended("skipped")];
  if (job.uses !== undefined) {
    const called = readWorkflow(world.origin, world.event, job.uses.replace(/^.*\//, ""));
    const given = Object.fromEntries(
      Object.entries(job.with ?? {}).map(([input, value]) => [input, expand(value, base)]),
    );
    const asked = Object.entries(called.on["workflow_call"]?.inputs ?? {});
    const defaults = asked.map(([input, { default: value = "" }]) => [input, value] as const);
    return runJobs(world, called, { ...Object.fromEntries(defaults), ...given }, `${name}/`);
  }
  const runs: JobRun[] = [];
  for (const matrix of combinations(job, base)) {
    const words = Object.values(matrix).join(", ");
    const contexts = { ...base, matrix, strategy: {} };
    runs.push(
      await runOne(world, workflow, job, contexts, words === "" ? name : `${name} (${words})`),
    );
  }
  return runs;
}

/** Whether an `if` lets a job or a step go on. Without a status function of its own it asks for success, too. */
function holds(condition: string | undefined, contexts: Contexts, status: Functions): boolean {
  const [, own = condition ?? "success()"] = /^\s*\$\{\{(.*)\}\}\s*$/s.exec(condition ?? "") ?? [];
  const asks = /\b(success|failure|always|cancelled)\s*\(/.test(own);
  return isTrue(evaluate(asks ? own : `success() && (${own})`, contexts, status));
}

function combinations(job: Job, contexts: Contexts): Readonly<Record<string, string>>[] {
  if (job.strategy === undefined) return [{}];
  const { exclude, ...vectors } = job.strategy.matrix;
  const all = Object.entries(vectors).reduce<Record<string, string>[]>(
    (rows, [key, vector]) => {
      const values = typeof vector === "string" ? evaluate(vector, contexts) : vector;
      if (!Array.isArray(values) || values.length === 0) {
        throw new Error(`Matrix vector '${key}' does not contain any values`);
      }
      const words = values.map((value) => z.string().parse(value));
      return rows.flatMap((row) => words.map((value) => ({ ...row, [key]: value })));
    },
    [{}],
  );
  const out = exclude.map((row) =>
    Object.entries(row).map(([key, value]) => [key, expand(value, contexts)] as const),
  );
  const left = all.filter(
    (row) => !out.some((one) => one.every(([key, value]) => row[key] === value)),
  );
  if (left.length === 0) throw new Error("Matrix must define at least one vector");
  return left;
}

function vars({ github }: World): Readonly<Record<string, Value>> {
  return github.variables ?? {};
}

function githubContext({ event, github }: World): Readonly<Record<string, Value>> {
  return {
    event_name: event.name,
    event: event.payload,
    ref: event.ref,
    ref_name: event.ref.replace(/^refs\/(heads|tags|pull)\//, ""),
    sha: event.sha,
    actor: event.actor,
    base_ref: event.baseRef,
    head_ref: event.headRef,
    repository: repositoryName,
    api_url: github.apiUrl ?? "",
    workflow: "workflow",
    run_id: "1",
    run_attempt: "1",
  };
}

function needsContext({ job, done }: JobPlace): Contexts {
  return Object.fromEntries(
    job.needs.map((need) => {
      const jobs = done.get(need) ?? [];
      const outputs = Object.assign({}, ...jobs.map((one) => one.outputs)) as Record<
        string,
        string
      >;
      return [need, { result: together(jobs), outputs }];
    }),
  );
}

async function runOne(
  world: World,
  workflow: Workflow,
  job: Job,
  base: Contexts,
  name: string,
): Promise<JobRun> {
  const { event, github } = world;
  const environment = job.environment && expand(job.environment, base);
  const concurrency = job.concurrency && {
    ...job.concurrency,
    group: expand(job.concurrency.group, base),
  };
  const about = { name, environment, concurrency, outputs: {}, summary: "" };
  const allowed = github.environments?.[environment ?? ""];
  if (allowed && !allowed.some((pattern) => event.ref.startsWith(pattern.replace("*", "")))) {
    const [, kind, ref] = /^refs\/(\w+?)s?\/(.*)$/.exec(event.ref) ?? [];
    const log = `${kind === "tag" ? "Tag" : "Branch"} "${ref ?? ""}" is not allowed to deploy to ${environment ?? ""} due to environment protection rules.`;
    return {
      ...about,
      result: "failure",
      steps: [{ name: "environment", result: "failure", log }],
    };
  }
  if (concurrency && github.heldGroups?.includes(concurrency.group)) {
    return { ...about, result: "pending", steps: [] };
  }
  const machine = new Machine(world, workflow, job, base, name);
  const steps = await machine.run(job.steps, {});
  const summary = machine.finish(steps);
  const failed = steps.some(({ result }) => result === "failure");
  return {
    ...about,
    result: failed ? "failure" : "success",
    steps,
    outputs: machine.outputs(job.outputs),
    summary,
  };
}

/** One job's runner. */
class Machine {
  readonly #world: World;
  readonly #workflow: Workflow;
  readonly #base: Contexts;
  readonly #folder: string;
  readonly #permissions: Readonly<Record<string, string>>;
  readonly #atEnd: (() => void)[] = [];
  #steps: Record<string, Value> = {};
  #env: Record<string, string> = {};
  #failed = false;

  constructor(world: World, workflow: Workflow, job: Job, base: Contexts, name: string) {
    this.#world = world;
    this.#workflow = workflow;
    this.#permissions = job.permissions ?? workflow.permissions;
    const github = {
      ...githubContext(world),
      token: `token of ${JSON.stringify(this.#permissions)}`,
    };
    this.#base = { ...base, github, runner: { os: "Linux", arch: "X64" }, job: {} };
    this.#folder = join(world.folder, name.replaceAll(/[^\w-]/g, "_"));
    for (const folder of [this.#workspace, this.#home, this.#temp]) {
      mkdirSync(folder, { recursive: true });
    }
    writeFileSync(join(this.#folder, "summary"), "");
    this.#env = this.#expandAll(job.env ?? {}, this.#base);
  }

  get #workspace(): string {
    return join(this.#folder, "workspace");
  }
  get #home(): string {
    return join(this.#folder, "home");
  }
  get #temp(): string {
    return join(this.#folder, "temp");
  }

  #contexts(inputs?: Contexts): Contexts {
    return { ...this.#base, env: this.#env, steps: this.#steps, ...(inputs ? { inputs } : {}) };
  }

  #functions(): Functions {
    return {
      success: () => !this.#failed,
      failure: () => this.#failed,
      always: () => true,
      cancelled: () => false,
      hashFiles: (...patterns) => {
        const files = globSync(patterns, { cwd: this.#workspace, withFileTypes: true }).filter(
          (file) => file.isFile(),
        );
        const hash = createHash("sha256");
        for (const file of files) hash.update(readFileSync(join(file.parentPath, file.name)));
        return files.length === 0 ? "" : hash.digest("hex");
      },
    };
  }

  #expandAll(values: Readonly<Record<string, string>>, contexts: Contexts): Record<string, string> {
    return Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        expand(value, contexts, this.#functions()),
      ]),
    );
  }

  /** Runs steps one after the other; those of a composite action see its inputs. */
  async run(steps: readonly Step[], scope: { readonly inputs?: Contexts }): Promise<StepRun[]> {
    const runs: StepRun[] = [];
    for (const step of steps) runs.push(...(await this.#step(step, scope.inputs)));
    return runs;
  }

  async #step(step: Step, inputs: Contexts | undefined): Promise<StepRun[]> {
    const name = step.name ?? step.run ?? step.uses ?? "";
    const contexts = this.#contexts(inputs);
    if (!holds(step.if, contexts, this.#functions())) {
      this.#remember(step, "skipped", {});
      return [{ name, result: "skipped", log: "" }];
    }
    const own = this.#expandAll(step.env ?? {}, contexts);
    try {
      if (step.uses?.startsWith("./")) return await this.#composite(step, contexts);
      if (step.uses !== undefined) {
        const log = await this.#action(step, contexts);
        return [{ name, result: "success", log }];
      }
      const shell = step.shell ?? this.#workflow.defaults?.run.shell;
      const { log, outputs } = await this.#command(expand(step.run ?? "", contexts), shell, own);
      this.#remember(step, "success", outputs);
      return [{ name, result: "success", log }];
    } catch (error) {
      this.#failed = true;
      this.#remember(step, "failure", {});
      return [
        { name, result: "failure", log: error instanceof Error ? error.message : String(error) },
      ];
    }
  }

  #remember({ id }: Step, outcome: string, outputs: Readonly<Record<string, string>>): void {
    if (id !== undefined) this.#steps[id] = { outcome, conclusion: outcome, outputs };
  }

  async #composite(step: Step, contexts: Contexts): Promise<StepRun[]> {
    const file = join(this.#workspace, step.uses ?? "", "action.yml");
    if (!existsSync(file)) {
      throw new Error(
        `Can't find 'action.yml' under '${step.uses ?? ""}'. Did you forget to run actions/checkout?`,
      );
    }
    const { inputs, runs } = Action.parse(parse(readFileSync(file, "utf8")));
    const given = this.#inputsOf(step, contexts);
    const unknown = Object.keys(given).filter((input) => !(input in inputs));
    if (unknown.length > 0) throw new Error(`Unexpected input(s) ${unknown.join(", ")}`);
    const defaults = Object.fromEntries(
      Object.entries(inputs).map(([input, { default: value }]) => [input, value]),
    );
    const outer = this.#steps;
    this.#steps = {};
    const ran = await this.run(runs.steps, { inputs: { ...defaults, ...given } });
    this.#steps = outer;
    return ran;
  }

  #inputsOf(step: Step, contexts: Contexts): Record<string, string> {
    const given = Object.entries(step.with ?? {}).map(([key, value]) => [key, String(value)]);
    const texts = z.record(z.string(), z.string()).parse(Object.fromEntries(given));
    return this.#expandAll(texts, contexts);
  }

  async #action(step: Step, contexts: Contexts): Promise<string> {
    const name = step.uses?.replace(/@.*/, "") ?? "";
    const play = actions[name];
    if (play === undefined)
      throw new Error(`test/workflows/runner/actions.ts does not play ${name}`);
    const left = play(this.#inputsOf(step, contexts), this.#jobWorld());
    return this.#take(step, left);
  }

  async #take(step: Step, { env, outputs = {}, afterSuccess, command }: Left): Promise<string> {
    Object.assign(this.#env, env);
    if (afterSuccess) this.#atEnd.push(afterSuccess);
    const { log } = command ? await this.#command(command.join(" "), "bash", {}) : { log: "" };
    this.#remember(step, "success", outputs);
    return log;
  }

  #jobWorld(): JobWorld {
    const { event, origin, folder, caches, github } = this.#world;
    return {
      event,
      origin: origin.folder,
      workspace: this.#workspace,
      home: this.#home,
      artifacts: join(folder, "artifacts"),
      caches,
      permissions: this.#permissions,
      longestSession: github.longestSession ?? 3600,
      env: this.#env,
    };
  }

  async #command(
    text: string,
    shell: string | undefined,
    own: Readonly<Record<string, string>>,
  ): Promise<{ log: string; outputs: Record<string, string> }> {
    const script = join(this.#temp, "step.sh");
    const files = { GITHUB_OUTPUT: "output", GITHUB_ENV: "env", GITHUB_PATH: "path" };
    const paths = Object.fromEntries(
      Object.entries(files).map(([key, file]) => [key, join(this.#temp, file)]),
    );
    for (const file of [script, ...Object.values(paths)]) writeFileSync(file, "");
    writeFileSync(script, text);
    // Without `shell: bash` there is no pipefail.
    const options = shell === "bash" ? ["--noprofile", "--norc", "-eo", "pipefail"] : ["-e"];
    const { event, folder, github } = this.#world;
    const { exitCode, all } = await execa("bash", [...options, script], {
      cwd: this.#workspace,
      all: true,
      reject: false,
      extendEnv: false,
      env: {
        CI: "true",
        PATH: [join(folder, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
        HOME: this.#home,
        CALLS: join(folder, "calls"),
        RUNNER_TEMP: this.#temp,
        RUNNER_OS: "Linux",
        RUNNER_ARCH: "X64",
        GITHUB_ACTIONS: "true",
        GITHUB_API_URL: github.apiUrl ?? "",
        GITHUB_SERVER_URL: "https://github.com",
        GITHUB_WORKSPACE: this.#workspace,
        GITHUB_REPOSITORY: repositoryName,
        GITHUB_EVENT_NAME: event.name,
        GITHUB_REF: event.ref,
        GITHUB_REF_NAME: event.ref.replace(/^refs\/(heads|tags|pull)\//, ""),
        GITHUB_SHA: event.sha,
        GITHUB_ACTOR: event.actor,
        GITHUB_BASE_REF: event.baseRef,
        GITHUB_HEAD_REF: event.headRef,
        GITHUB_RUN_ID: "1",
        GITHUB_RUN_ATTEMPT: "1",
        GITHUB_STEP_SUMMARY: join(this.#folder, "summary"),
        ...paths,
        ...this.#env,
        ...own,
      },
    });
    if (exitCode !== 0) throw new Error(`${all}\nexit code ${String(exitCode)}`);
    const pairs = (file: string | undefined) =>
      Object.fromEntries(
        readFileSync(file ?? "", "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
    Object.assign(this.#env, pairs(paths["GITHUB_ENV"]));
    return { log: all, outputs: pairs(paths["GITHUB_OUTPUT"]) };
  }

  /** Runs what actions do at the end, and returns the summary. */
  finish(steps: readonly StepRun[]): string {
    if (steps.every(({ result }) => result !== "failure")) for (const act of this.#atEnd) act();
    return readFileSync(join(this.#folder, "summary"), "utf8");
  }

  /** Returns the job's outputs. */
  outputs(words: Readonly<Record<string, string>>): Record<string, string> {
    return this.#expandAll(words, this.#contexts());
  }
}
