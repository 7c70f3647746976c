import { execaNode } from "execa";
import { join } from "node:path";
import { z } from "zod";
import { environments } from "../../config/environments.ts";
import type { StackFile } from "../../config/stack-files.ts";
import { inScratchFolder } from "../../lib/scratch-folder.ts";
import type { ReadRelease } from "../../config/release-manifest.ts";
import { engineConfig, runnableSettings } from "./runnable.ts";

/** What the recorder's process is told: which program to run, and for which stacks. */
export const Job = z.object({
  /** Path of the program. */
  program: z.string(),
  runs: z.array(
    z.object({
      stack: z.enum(environments),
      /** The stack's configuration as the engine hands it over: text by `namespace:key`. */
      config: z.record(z.string(), z.string()),
    }),
  ),
});

const Registration = z.object({
  type: z.string(),
  name: z.string(),
  props: z.record(z.string(), z.unknown()),
  protect: z.boolean(),
  urn: z.string(),
  /** The parent's URN, empty without one. */
  parent: z.string(),
});
/** A resource that the program registers. */
export type Registration = z.infer<typeof Registration>;

const Answer = z.union([
  z.object({ resources: z.array(Registration) }),
  z.object({ error: z.string() }),
]);
/** What the program registers for a stack, or why it refuses to run. */
export type Answer = z.infer<typeof Answer>;

/** Runs a program for stacks. @returns an answer for each run, in their order */
export type Recorder = (job: z.infer<typeof Job>) => Promise<readonly Answer[]>;

/** Runs the program in a process of its own: Pulumi's mocks, and the packages, are for a whole process. */
export const recorder: Recorder = async (job) => {
  const { ipcOutput, failed, stderr } = await execaNode(join(import.meta.dirname, "main.ts"), {
    ...{ ipcInput: job, serialization: "json", stdin: "ignore", reject: false },
    // Pulumi keeps a stack trace with every promise, which takes a fifth of the time.
    nodeOptions: ["--stack-trace-limit=0"],
  });
  // What is thrown outside of the program's own run ends the process, and with it every run.
  return failed
    ? job.runs.map(() => ({ error: stderr.trim() }))
    : z.array(Answer).parse(ipcOutput[0]);
};

/** The settings with which the program is recorded, and what it registers with them. */
export interface Recorded {
  readonly settings: StackFile["settings"];
  readonly answer: Answer;
}

/**
 * What the program registers for each committed stack file, in their order.
 * @param readRelease rejects when a release is not to be had: its objects are then not among what is registered
 */
export async function recordedStacks(
  root: string,
  stackFiles: readonly StackFile[],
  readRelease: ReadRelease,
  record: Recorder,
): Promise<Recorded[]> {
  return inScratchFolder("recorded", async (folder) => {
    const settings = await Promise.all(
      stackFiles.map((stackFile) => runnableSettings(stackFile, readRelease, folder)),
    );
    const answers = await record({
      program: join(root, "index.ts"),
      runs: stackFiles.map(({ environment: stack }, index) => ({
        stack,
        config: engineConfig(settings[index] ?? {}),
      })),
    });
    return answers.map((answer, index) => ({ settings: settings[index] ?? {}, answer }));
  });
}
