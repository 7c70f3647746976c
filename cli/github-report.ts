import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { callGithub, findMarked, githubJob, type GithubJob } from "./github-api.ts";

/** A command's output, under its name. */
export interface Section {
  readonly name: string;
  /** `undefined` when the command never got to print. */
  readonly text: string | undefined;
}

/** GitHub's limit for a comment or an issue, in characters. */
const bodyLimit = 65_536;

/** A marker hidden in the text, by which the next run finds what this one wrote. */
const markerOf = (title: string): string => `<!-- idp report: ${title} -->`;

/**
 * Returns one text of several outputs, each folded away below a summary line. If they are too long for GitHub (`limit`
 * characters), the beginning of each is cut: what matters comes last.
 */
export function reportBody(
  title: string,
  sections: readonly Section[],
  { runUrl, limit = bodyLimit }: { runUrl?: string | undefined; limit?: number } = {},
): string {
  const head = `${markerOf(title)}\n## ${title}\n`;
  const foot = runUrl === undefined ? "" : `\n[The run](${runUrl})\n`;
  // A section's own markup is far shorter than this.
  const room = Math.floor((limit - head.length - foot.length) / Math.max(sections.length, 1)) - 400;
  return head + sections.map((section) => sectionBody(section, room)).join("") + foot;
}

function sectionBody({ name, text }: Section, room: number): string {
  if (text === undefined) return `\n**${name}**: no output, see the run.\n`;
  const clean = text.trim();
  const shown = clean.length <= room ? clean : `[...]\n${clean.slice(-room)}`;
  // No output can close its own fence.
  const longest = Math.max(2, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `\n<details><summary><b>${name}</b>: ${summaryOf(clean)}</summary>\n\n${fence}text\n${shown}\n${fence}\n\n</details>\n`;
}

/** Returns the engine's final counts (`12 to create`, `3 changes`), else the last line. */
function summaryOf(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  const block = lines.slice(lines.findLastIndex((line) => line === "Resources:") + 1);
  const counts = block.filter((line) =>
    /^([+\-~±]+\s*)?\d+ (to \w+|changes?|unchanged)/.test(line),
  );
  const failed = lines.findLast((line) => line.startsWith("error:"));
  const summary = failed ?? (counts.join(", ") || (lines.findLast((line) => line !== "") ?? ""));
  return summary.slice(0, 200).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** Writes or replaces the comment with this title on a pull request. */
export async function reportComment(
  job: GithubJob,
  pullRequest: number,
  title: string,
  body: string,
): Promise<"created" | "updated"> {
  const comments = `issues/${pullRequest}/comments`;
  const found = await findMarked(job, comments, markerOf(title));
  if (found === undefined) {
    await callGithub(job, "POST", comments, { body });
    return "created";
  }
  await callGithub(job, "PATCH", `issues/comments/${found.id}`, { body });
  return "updated";
}

/** Opens or replaces the issue with this title, or closes it when there is nothing left to report. */
export async function reportIssue(
  job: GithubJob,
  title: string,
  body: string,
  { resolved }: { resolved: boolean },
): Promise<"closed" | "created" | "nothing to report" | "updated"> {
  const number = (await findMarked(job, "issues?state=open", markerOf(title)))?.number;
  if (number === undefined) {
    if (resolved) return "nothing to report";
    await callGithub(job, "POST", "issues", { title, body });
    return "created";
  }
  if (!resolved) {
    await callGithub(job, "PATCH", `issues/${number}`, { body });
    return "updated";
  }
  await callGithub(job, "PATCH", `issues/${number}`, {
    body,
    state: "closed",
    state_reason: "completed",
  });
  return "closed";
}

/** Returns a file's text under the file's name. A missing file means that the job did not get that far. */
function readSection(path: string): Section {
  const name = basename(path, extname(path));
  try {
    return { name, text: readFileSync(path, "utf8") };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return { name, text: undefined };
    throw error;
  }
}

/** Returns the address of the present run, from its variables. */
function runUrl(env: NodeJS.ProcessEnv): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  return server && repository && run ? `${server}/${repository}/actions/runs/${run}` : undefined;
}

function pullRequestNumber(word: string): number {
  if (!/^[1-9]\d*$/.test(word)) {
    throw new InvalidArgumentError("must be the number of a pull request, such as 12");
  }
  return Number(word);
}

const titleOption = () =>
  new Option("--title <title>", "title; a later run with the same title replaces the report");

/** `idp report`: shows a job's outputs to people on GitHub. Reads the job's variables and GITHUB_TOKEN. */
export function reportCommand(): Command {
  const command = new Command("report");
  command
    .command("comment")
    .description("write or replace one comment of a pull request")
    .addArgument(new Argument("<pull-request>", "its number").argParser(pullRequestNumber))
    .argument("<files...>", "files with outputs; a missing one is reported as missing")
    .addOption(titleOption().makeOptionMandatory())
    .action(async (pullRequest: number, files: string[], { title }: { title: string }) => {
      const body = reportBody(title, files.map(readSection), { runUrl: runUrl(process.env) });
      const done = await reportComment(githubJob(process.env), pullRequest, title, body);
      console.log(`comment "${title}" of pull request ${pullRequest}: ${done}`);
    });
  command
    .command("issue")
    .description("open or replace one issue, or close it when there is nothing to report")
    .argument("<files...>", "files with outputs; a missing one is reported as missing")
    .addOption(titleOption().makeOptionMandatory())
    .addOption(
      new Option("--result <result>", "how the jobs ended; success closes the issue")
        .choices(["success", "failure", "cancelled"])
        .makeOptionMandatory(),
    )
    .action(async (files: string[], { title, result }: { title: string; result: string }) => {
      const body = reportBody(title, files.map(readSection), { runUrl: runUrl(process.env) });
      const resolved = result === "success";
      const done = await reportIssue(githubJob(process.env), title, body, { resolved });
      console.log(`issue "${title}": ${done}`);
    });
  return command;
}
