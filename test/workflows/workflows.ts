import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { committed } from "../../config/committed.ts";
import { readStackFiles, stackFileIn } from "../../config/stack-files.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const Permissions = z.record(z.string(), z.enum(["read", "write"]));
const Text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const Step = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  env: z.record(z.string(), z.string()).optional(),
  run: z.string().optional(),
  shell: z.string().optional(),
});
export type Step = z.infer<typeof Step>;

const Concurrency = z.strictObject({
  group: z.string(),
  /** How many wait: the newest alone, or a hundred. */
  queue: z.enum(["single", "max"]).default("single"),
  "cancel-in-progress": z.union([z.boolean(), z.string()]).default(false),
});
export type Concurrency = z.infer<typeof Concurrency>;
const Job = z.looseObject({
  uses: z.string().optional(),
  needs: z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]),
  if: z.string().optional(),
  with: z.record(z.string(), Text).optional(),
  environment: z
    .union([
      z.string(),
      z
        .strictObject({ name: z.string(), deployment: z.literal(false) })
        .transform(({ name }) => name),
    ])
    .optional(),
  permissions: Permissions.optional(),
  concurrency: Concurrency.optional(),
  "timeout-minutes": z.int().optional(),
  strategy: z
    .object({
      matrix: z
        .object({ exclude: z.array(z.record(z.string(), z.string())).default([]) })
        .catchall(z.union([z.string(), z.array(z.string())])),
    })
    .optional(),
  env: z.record(z.string(), z.string()).optional(),
  outputs: z.record(z.string(), z.string()).default({}),
  steps: z.array(Step).default([]),
});
export type Job = z.infer<typeof Job>;

const Trigger = z.looseObject({
  branches: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
  paths: z.array(z.string()).optional(),
  "paths-ignore": z.array(z.string()).optional(),
  inputs: z
    .record(
      z.string(),
      z.looseObject({
        type: z.enum(["string", "boolean", "choice"]).default("string"),
        required: z.boolean().default(false),
        options: z.array(z.string()).optional(),
        default: Text.optional(),
      }),
    )
    .default({}),
});
export const Workflow = z.looseObject({
  name: z.string(),
  on: z.record(
    z.string(),
    z.union([Trigger, z.array(z.unknown()).transform(() => null), z.null()]),
  ),
  permissions: Permissions,
  defaults: z.object({ run: z.object({ shell: z.string() }) }).optional(),
  concurrency: Concurrency.optional(),
  jobs: z.record(z.string(), Job),
});
export type Workflow = z.infer<typeof Workflow>;

/** A composite action. */
export const Action = z.looseObject({
  inputs: z.record(z.string(), z.looseObject({ default: z.string().default("") })).default({}),
  runs: z.object({ steps: z.array(Step) }),
});

/** The branch that dev's committed settings deploy; a test compares the workflows and the other stacks with it. */
export const deployedBranch =
  committed(stackFileIn(readStackFiles(repositoryRoot), "dev")).repository.branch ?? "main";

const folder = join(repositoryRoot, ".github");

/** Text of every workflow and of the set-up action, by its path below .github. */
export const sources: ReadonlyMap<string, string> = new Map(
  [
    ...readdirSync(join(folder, "workflows")).map((file) => `workflows/${file}`),
    "actions/setup/action.yml",
  ].map((path) => [path, readFileSync(join(folder, path), "utf8")]),
);

/** Every workflow by its file's name without `.yml`. */
export const workflows: ReadonlyMap<string, Workflow> = new Map(
  [...sources]
    .filter(([path]) => path.startsWith("workflows/"))
    .map(([path, text]) => [
      path.slice("workflows/".length, -".yml".length),
      Workflow.parse(parse(text)),
    ]),
);

/** The steps of the composite action. */
export const setupSteps = Action.parse(parse(sources.get("actions/setup/action.yml") ?? "")).runs
  .steps;

/** A job with its full name, such as `provision.up`. */
export interface NamedJob {
  readonly name: string;
  readonly workflow: Workflow;
  readonly job: Job;
}

/** Every job of every workflow. */
export const jobs: readonly NamedJob[] = [...workflows].flatMap(([file, workflow]) =>
  Object.entries(workflow.jobs).map(([key, job]) => ({ name: `${file}.${key}`, workflow, job })),
);

/** Every step with a command, also those of the set-up action, by a name such as `preview.comment: Comment`. */
export const commandSteps: readonly { readonly name: string; readonly step: Step }[] = [
  ...jobs.map(({ name, job }) => ({ name, steps: job.steps })),
  { name: "setup", steps: setupSteps },
].flatMap(({ name, steps }) =>
  steps
    .filter(({ run }) => run !== undefined)
    .map((step) => ({ name: `${name}: ${step.name ?? step.run ?? ""}`, step })),
);
