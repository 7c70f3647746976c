import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import { githubRepository } from "../lib/github-address.ts";
import { promote, type Promoted, type PromoteTools } from "../promotion/promote.ts";
import { checkRepository } from "./check.ts";
import { withClusterOptions, withClusters, type ClusterOptions } from "./clusters.ts";
import { callGithub, githubJob } from "./github-api.ts";
import { findHelm } from "./helm.ts";
import { readKeptRelease } from "./releases.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

type Options = WorkspaceOptions & ClusterOptions & { readonly json?: true; readonly open?: true };

/** `idp promote`: propose a release for prod. */
export function promoteCommand(): Command {
  return withClusterOptions(withWorkspaceOptions(new Command("promote")))
    .argument("<service>", "name of the service")
    .argument("<version>", "vX.Y.Z, which staging has run")
    .addOption(
      new Option(
        "--open",
        "open the pull request, with GITHUB_TOKEN and GITHUB_REPOSITORY as a job of GitHub Actions has them",
      ),
    )
    .addOption(new Option("--json", "as one JSON object"))
    .action(async (service: string, version: string, { json, open, ...options }: Options) => {
      // What is missing for the last step is said before the first.
      const job = open ? githubJob(process.env) : undefined;
      const tools = await promoteTools();
      const { promoted, base, url } = await inWorkspace(options, ({ workspace, isTwin }) =>
        withClusters(options, isTwin, async (applications) => ({
          promoted: await promote(workspace, { service, version }, { ...tools, applications }),
          base: workspace.repository.branch,
          url: workspace.repository.url,
        })),
      );
      const { branch, text } = promoted;
      const pullRequest =
        job && branch !== null
          ? await callGithub(job, "POST", "pulls", { ...titleAndBody(text), head: branch, base })
          : undefined;
      const page = pageOf(pullRequest) ?? (branch === null ? undefined : comparePage(url, branch));
      console.log(
        json
          ? JSON.stringify({ ...promoted, page: page ?? null }, null, 2)
          : promotedLines(promoted, page).join("\n"),
      );
    });
}

/** Helm and the rules, as `idp check` has them. */
export async function promoteTools(): Promise<PromoteTools> {
  const helm = await findHelm();
  const concurrency = availableParallelism();
  return {
    helm,
    check: (root, before) =>
      checkRepository(root, {
        helm,
        readRelease: readKeptRelease,
        concurrency,
        before,
        now: new Date(),
      }),
  };
}

function titleAndBody(text: string): { title: string; body: string } {
  const [title = "", , ...body] = text.split("\n");
  return { title, body: body.join("\n") };
}

/** Address of an opened pull request, as GitHub gives it. */
function pageOf(pullRequest: unknown): string | undefined {
  return typeof pullRequest === "object" &&
    pullRequest !== null &&
    "html_url" in pullRequest &&
    typeof pullRequest.html_url === "string"
    ? pullRequest.html_url
    : undefined;
}

/**
 * Where a person opens the pull request of a branch; GitHub fills its text in from the one commit.
 * @param url of the repository, by HTTPS or SSH; of another server there is no such page
 */
export function comparePage(url: string, branch: string): string | undefined {
  const repository = githubRepository(url);
  return repository && `https://github.com/${repository}/compare/${branch}?expand=1`;
}

function promotedLines(promoted: Promoted, page: string | undefined): string[] {
  const { service, tag, commit, branch, text } = promoted;
  if (commit === null || branch === null) {
    return [`prod's file names ${service} ${tag} already, nothing changed`];
  }
  return [
    text.trimEnd(),
    "",
    `on branch ${branch} (commit ${commit.slice(0, 7)})`,
    `Next: merge it by a pull request${page === undefined ? "" : `: ${page}`}; then a person syncs ${service} in prod`,
  ];
}
