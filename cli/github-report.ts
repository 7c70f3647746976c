import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { callGithub, findMarked, githubJob, type GithubJob } from "./github-api.ts";

/** What a command printed, under its name. */
export interface Section {
  readonly name: string;
  /** `undefined`: it came to no output. */
  readonly text: string | undefined;
}

/** The most that GitHub takes for a comment or an issue, in characters. */
const bodyLimit = 65_536;

/** Hidden in the text, so that the next run finds what this one wrote. */
const markerOf = (title: string): string => `<!-- idp report: ${title} -->`;

/**
 * One text of several outputs, each folded away below its last line that says something. Where they are too long for
 * GitHub (`limit` characters) the beginning of each goes: what matters comes last.
 */
export function reportBody(
  title: string,
  sections: readonly Section[],
  { runUrl, limit = bodyLimit }: { runUrl?: string | undefined; limit?: number } = {},
): string {
  const head = `${markerOf(title)}\n## ${title}\n`;
  const foot = runUrl === undefined ? "" : `\n[The run](${runUrl})\n`;
  // The rest of a section, without its text, is far below this.
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

/** What the engine counts at its end (`12 to create`, `3 changes`), else the last line. */
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

/** Writes the one comment with this title under a pull request, or writes it anew. */
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

/** Opens the one issue with this title, writes it anew, or, when there is nothing left to report, closes it. */
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

/** A file's output under the file's name; a missing file is a job that came to none. */
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

/** Address of the run that this is part of, from its variables. */
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
  new Option("--title <title>", "what it is about; a later run with the same title replaces it");

/** `idp report`: what a job has to say to people, on GitHub. Reads a job's variables and GITHUB_TOKEN. */
export function reportCommand(): Command {
  const command = new Command("report");
  command
    .command("comment")
    .description("write or replace one comment of a pull request")
    .addArgument(new Argument("<pull-request>", "its number").argParser(pullRequestNumber))
    .argument("<files...>", "outputs; a missing one is said to be missing")
    .addOption(titleOption().makeOptionMandatory())
    .action(async (pullRequest: number, files: string[], { title }: { title: string }) => {
      const body = reportBody(title, files.map(readSection), { runUrl: runUrl(process.env) });
      const done = await reportComment(githubJob(process.env), pullRequest, title, body);
      console.log(`comment "${title}" of pull request ${pullRequest}: ${done}`);
    });
  command
    .command("issue")
    .description("open or replace one issue, or close it when there is nothing to report")
    .argument("<files...>", "outputs; a missing one is said to be missing")
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
