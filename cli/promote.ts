import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import { githubRepository } from "../lib/github-address.ts";
import { messageOf } from "../lib/message-of.ts";
import { promote, type Promoted, type PromoteTools } from "../promotion/promote.ts";
import { checkRepository } from "./check.ts";
import { withClusterOptions, withClusters, type ClusterOptions } from "./clusters.ts";
import { githubJob, openPullRequest, type GithubJob, type NewPullRequest } from "./github-api.ts";
import { exitCodes } from "./exit-codes.ts";
import { findHelm } from "./helm.ts";
import { readReleaseOnce } from "./releases.ts";
import { progress } from "./progress.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

type Options = WorkspaceOptions &
  ClusterOptions & {
    readonly json?: true;
    readonly open?: true;
    readonly force?: true;
    readonly reason?: string;
  };

/** `idp promote`: proposes a release for prod. */
export function promoteCommand(): Command {
  return withClusterOptions(withWorkspaceOptions(new Command("promote")))
    .argument("<service>", "name of the service")
    .argument("<version>", "vX.Y.Z, which staging runs")
    .addOption(
      new Option(
        "--open",
        "open the pull request, with GITHUB_TOKEN and GITHUB_REPOSITORY as in a job of GitHub Actions",
      ),
    )
    .addOption(new Option("--force", "propose it whatever staging says now; needs --reason"))
    .addOption(new Option("--reason <text>", "why, for the pull request; needs --force"))
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      `
Staging must name the version, and have named it for idp:promotion.soakMinutes of Pulumi.prod.yaml. With --cluster its Argo
CD must also say that it runs, Synced and Healthy; without it, nobody asks whether it runs.
${exitCodes}`,
    )
    .action(async (service: string, version: string, given: Options, command: Command) => {
      const { json, open, force, reason, ...options } = given;
      if ((force === undefined) !== (reason === undefined)) {
        command.error("error: --force and --reason <text> go together");
      }
      // Checked first, because a missing variable would make the last step fail.
      const job = open ? githubJob(process.env) : undefined;
      progress("collecting the evidence and checking the change by every rule");
      const tools = await promoteTools();
      const { promoted, base, url } = await inWorkspace(options, ({ workspace, isTwin }) =>
        withClusters(options, isTwin, async (applications) => ({
          promoted: await promote(
            workspace,
            { service, version, force: reason },
            { ...tools, applications },
          ),
          base: workspace.repository.branch,
          url: workspace.repository.url,
        })),
      );
      const { branch, text } = promoted;
      const byHand = branch === null ? undefined : comparePage(url, branch);
      const page =
        job && branch !== null
          ? await opened(job, { ...titleAndBody(text), head: branch, base }, byHand)
          : byHand;
      console.log(
        json
          ? JSON.stringify({ ...promoted, page: page ?? null }, null, 2)
          : promotedLines(promoted, page).join("\n"),
      );
    });
}

/** Returns Helm and the rules as `idp check` uses them. */
export async function promoteTools(): Promise<PromoteTools> {
  const helm = await findHelm();
  const concurrency = availableParallelism();
  return {
    helm,
    check: (root, before, had) =>
      checkRepository(root, {
        helm,
        readRelease: readReleaseOnce,
        concurrency,
        before,
        had,
        now: new Date(),
      }),
  };
}

function titleAndBody(text: string): { title: string; body: string } {
  const [title = "", , ...body] = text.split("\n");
  return { title, body: body.join("\n") };
}

/**
 * Opens the pull request of a pushed branch and returns its page.
 * @throws Error that says how to go on: the branch stays
 */
async function opened(
  job: GithubJob,
  wanted: NewPullRequest,
  byHand: string | undefined,
): Promise<string> {
  try {
    return await openPullRequest(job, wanted);
  } catch (error) {
    const page = byHand === undefined ? "" : `open it by hand: ${byHand}; or `;
    throw new Error(
      `The branch ${wanted.head} is pushed, but its pull request is not open.\n` +
        `${messageOf(error)}\n` +
        `Fix: ${page}when the cause is gone, run the command again: it opens the pull request alone`,
      { cause: error },
    );
  }
}

/**
 * Returns the page on which a person opens a branch's pull request; GitHub fills in the text from the commit.
 * @param url the repository's address, HTTPS or SSH; servers other than GitHub have no such page
 */
export function comparePage(url: string, branch: string): string | undefined {
  const repository = githubRepository(url);
  return repository && `https://github.com/${repository}/compare/${branch}?expand=1`;
}

function promotedLines(promoted: Promoted, page: string | undefined): string[] {
  const { service, tag, commit, branch, text } = promoted;
  if (commit === null || branch === null) {
    return [`prod's file already names ${service} ${tag}, nothing changed`];
  }
  return [
    text.trimEnd(),
    "",
    `on branch ${branch} (commit ${commit.slice(0, 7)})`,
    `Next: merge it with a pull request${page === undefined ? "" : `: ${page}`}; then a person syncs ${service} in prod`,
  ];
}
