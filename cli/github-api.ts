import { z } from "zod";

/** The part of GitHub's REST API that a job needs: a pull request and its comments, and issues. */

/** The repository that a job may write to, and its token. GitHub Actions sets the variables named here. */
export interface GithubJob {
  /** `GITHUB_API_URL`. @default https://api.github.com */
  readonly apiUrl: string;
  /** `GITHUB_REPOSITORY`: `<owner>/<repository>`. */
  readonly repository: string;
  /** `GITHUB_TOKEN`. It is sent in a header and never printed. */
  readonly token: string;
}

/**
 * Returns the {@link GithubJob} in a job's variables.
 * @throws Error that names the missing variables
 */
export function githubJob(env: NodeJS.ProcessEnv): GithubJob {
  const names = ["GITHUB_REPOSITORY", "GITHUB_TOKEN"] as const;
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new Error(
      `${missing.join(" and ")} must be set, as in a job of GitHub Actions. ` +
        `Fix: in the step's env, GITHUB_TOKEN: \${{ github.token }}`,
    );
  }
  return {
    apiUrl: env["GITHUB_API_URL"] || "https://api.github.com",
    repository: env["GITHUB_REPOSITORY"] ?? "",
    token: env["GITHUB_TOKEN"] ?? "",
  };
}

/** A comment or an issue: both have an author and a text. */
const Entry = z.object({
  /** The comment's id. */
  id: z.int(),
  /** The number; comments have none. */
  number: z.int().optional(),
  body: z.string().nullish(),
  user: z.object({ type: z.string() }).nullish(),
  pull_request: z.unknown().optional(),
});
export type Entry = z.infer<typeof Entry>;

const pageSize = 100;

/**
 * Makes one call and returns GitHub's answer. `path` is relative to the repository.
 * @throws Error with GitHub's answer when the call fails
 */
export async function callGithub(
  { apiUrl, repository, token }: GithubJob,
  method: "GET" | "PATCH" | "POST",
  path: string,
  body?: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const response = await fetch(`${apiUrl}/repos/${repository}/${path}`, {
    method,
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "x-github-api-version": "2022-11-28",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(
      `GitHub answered ${response.status} to ${method} ${path}: ${text.slice(0, 300)}${hintFor(response.status, text)}`,
    );
  }
  return JSON.parse(text);
}

function hintFor(status: number, text: string): string {
  if (text.includes("not permitted to create or approve pull requests")) {
    return (
      "\nThe setting forbids it, no permission of the job helps: Settings > Actions > General, " +
      '"Allow GitHub Actions to create and approve pull requests"; the organisation\'s comes first. See docs/workflows.md#promote'
    );
  }
  return status === 403 || status === 404
    ? " Does the job have the permission, `pull-requests: write` or `issues: write`?"
    : "";
}

const PullRequest = z.object({ html_url: z.string() });

/** A pull request to open. */
export interface NewPullRequest {
  /** Branch with the change, in this repository. */
  readonly head: string;
  /** Branch that it goes to. */
  readonly base: string;
  readonly title: string;
  readonly body: string;
}

/** Opens a pull request and returns its page; one that is open for the branch already is left as it is. */
export async function openPullRequest(job: GithubJob, wanted: NewPullRequest): Promise<string> {
  const [owner = ""] = job.repository.split("/");
  const query = new URLSearchParams({ state: "open", head: `${owner}:${wanted.head}` });
  const open = await callGithub(job, "GET", `pulls?${query.toString()}`);
  const [there] = z.array(PullRequest).parse(open);
  const made = there ?? PullRequest.parse(await callGithub(job, "POST", "pulls", { ...wanted }));
  return made.html_url;
}

/** Returns the first entry that a bot wrote and whose text has the marker. Pull requests do not count as issues. */
export async function findMarked(
  job: GithubJob,
  path: string,
  marker: string,
): Promise<Entry | undefined> {
  for (let page = 1; ; page += 1) {
    const query = `${path}${path.includes("?") ? "&" : "?"}per_page=${pageSize}&page=${page}`;
    const entries = z.array(Entry).parse(await callGithub(job, "GET", query));
    const found = entries.find(
      // Anybody can write the marker, but a person's text must not be changed.
      ({ body, user, pull_request }) =>
        user?.type === "Bot" && pull_request === undefined && body?.includes(marker) === true,
    );
    if (found !== undefined || entries.length < pageSize) return found;
  }
}
