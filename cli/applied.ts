import { z } from "zod";
import { environments, type Environment } from "../config/environments.ts";
import { callGithub, type GithubJob } from "./github-api.ts";

/** What a stack was last told to be: a commit, or why a push has work for it or has none whatever it changes. */
export type Applied =
  { readonly commit: string } | { readonly work: boolean; readonly reason: string };

const Run = z.object({ id: z.int(), head_sha: z.string(), created_at: z.string() });
const Runs = z.object({ workflow_runs: z.array(Run) });
const Jobs = z.object({
  jobs: z.array(
    z.object({ name: z.string(), status: z.string(), conclusion: z.string().nullable() }),
  ),
});

/** How many runs of provision.yml are looked at. */
const depth = 30;

/**
 * Returns what each stack has: the commit of the newest run of provision.yml whose job for the stack succeeded, runs or
 * waits for its approval. One that failed, was rejected or was put out does not count: the next push takes its changes
 * along. A stack that destroy.yml took down later has no work until somebody starts provision.yml by hand.
 */
export async function appliedCommits(job: GithubJob): Promise<Record<Environment, Applied>> {
  const runsOf = async (query: string) =>
    Runs.parse(await callGithub(job, "GET", `actions/workflows/${query}`)).workflow_runs;
  const found = new Map<Environment, z.infer<typeof Run>>();
  for (const run of await runsOf(`provision.yml/runs?branch=main&per_page=${depth}`)) {
    if (found.size === environments.length) break;
    // The run that asks is among them, and has no job for a stack yet.
    const { jobs } = Jobs.parse(
      await callGithub(job, "GET", `actions/runs/${run.id}/jobs?per_page=100`),
    );
    for (const environment of environments) {
      const isApplied = jobs.some(
        ({ name, status, conclusion }) =>
          name.startsWith(`${environment} / `) &&
          (status !== "completed" || conclusion === "success"),
      );
      if (isApplied && !found.has(environment)) found.set(environment, run);
    }
  }
  const [destroyed] = await runsOf("destroy.yml/runs?status=success&per_page=1");
  const appliedTo = (environment: Environment): Applied => {
    const run = found.get(environment);
    if (environment === "dev" && destroyed && !(run && run.created_at > destroyed.created_at)) {
      return {
        work: false,
        reason: "destroy.yml took it down; start provision.yml by hand to bring it back",
      };
    }
    if (run) return { commit: run.head_sha };
    return { work: true, reason: `none of the last ${depth} runs of provision.yml applied it` };
  };
  return { dev: appliedTo("dev"), staging: appliedTo("staging"), prod: appliedTo("prod") };
}
