import { Command, Option } from "commander";
import { basename } from "node:path";
import { catalogOf, programReads } from "../catalog/read.ts";
import { committedRules } from "../catalog/committed-rules.ts";
import type { CatalogRules } from "../catalog/schema.ts";
import {
  applicationsFolder,
  environments,
  isEnvironment,
  type Environment,
} from "../config/environments.ts";
import { stackFileOf } from "../config/stack-files.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { UsageError } from "../lib/usage-error.ts";
import { gitIn, gitMessage, readFiles, type Git } from "../promotion/git.ts";
import { appliedCommits } from "./applied.ts";
import { githubJob } from "./github-api.ts";
import { progress } from "./progress.ts";

/** What the program is made of, besides each stack's own file; a folder ends in a slash. */
export const programPaths = [
  ...["catalog/", "components/", "config/", "lib/", "policy/", "index.ts", "inputs.ts"],
  ...["Pulumi.yaml", "package.json", "package-lock.json"],
] as const;

/** Two commits, as far as stacks depend on them. */
export interface Comparison {
  readonly environment: Environment;
  /** Paths that differ. */
  readonly paths: readonly string[];
  /** The environment's service files: text by path. */
  readonly before: ReadonlyMap<string, string>;
  readonly after: ReadonlyMap<string, string>;
  readonly rules: CatalogRules;
}

/**
 * Returns why `pulumi up` of a stack has work to do after a change; undefined when it has none.
 * @param files also count a change of a service file that the program does not read, such as its replicas
 */
export function reasonOf(
  { environment, paths, before, after, rules }: Comparison,
  { files = false } = {},
): string | undefined {
  const own = stackFileOf(environment);
  const isProgram = (path: string) =>
    path === own ||
    programPaths.some((part) => path === part || (part.endsWith("/") && path.startsWith(part)));
  const program = paths.find(isProgram);
  if (program !== undefined) return `${program} changed`;
  const folder = `${applicationsFolder(environment)}/`;
  const file = paths.find((path) => path.startsWith(folder));
  if (file === undefined) return undefined;
  if (files) return `${file} changed`;
  const read = (texts: ReadonlyMap<string, string>) => {
    const entries = [...texts].map(([path, text]) => ({ name: basename(path), text }));
    const { findings, ...catalog } = catalogOf(entries, environment, rules);
    return JSON.stringify([programReads(catalog), findings]);
  };
  return read(before) === read(after)
    ? undefined
    : `${folder} has other services, or another image of one`;
}

interface Options {
  readonly base: string;
  readonly applied?: true;
  readonly of: string;
  readonly files?: true;
  readonly json?: true;
}

/** `idp changes`: names the stacks that a change makes work for. */
export function changesCommand(): Command {
  return new Command("changes")
    .option("--base <commit>", "compare this commit with the one that is checked out", "HEAD^")
    .addOption(
      new Option(
        "--applied",
        "compare with what provision.yml last applied to each stack, as GitHub tells a job with GITHUB_TOKEN",
      ).conflicts("base"),
    )
    .option("--of <stacks>", "only these, separated by spaces", environments.join(" "))
    .option("--files", "count every change of a service file, such as its replicas")
    .option("--json", "the names as one JSON array")
    .addHelpText(
      "after",
      "\nA hold, a port, a tag or replicas make no work: Argo CD applies them.\nExample: idp changes --base origin/main",
    )
    .action(async ({ base, applied, of, files, json }: Options) => {
      const git = gitIn(repositoryRoot);
      const wanted = stacksIn(of);
      if (applied) progress("asking GitHub what provision.yml applied");
      const bases = applied ? await appliedCommits(githubJob(process.env)) : undefined;
      const rules = committedRules(repositoryRoot);
      const found = await Promise.all(
        environments
          .filter((environment) => wanted.includes(environment))
          .map(async (environment) => {
            const last = bases ? bases[environment] : { commit: base };
            const reason =
              "commit" in last
                ? await reasonSince(
                    git,
                    last.commit,
                    environment,
                    rules[environment],
                    files === true,
                    bases !== undefined,
                  )
                : last.reason;
            return { environment, work: "work" in last ? last.work : reason !== undefined, reason };
          }),
      );
      for (const { environment, work, reason = "nothing that it reads changed" } of found) {
        const line = `${environment}: ${work ? "" : "no work, "}${reason}`;
        // A job takes the names from standard output; a person reads the log.
        (json ? console.error : console.log)(line);
      }
      const names = found.filter(({ work }) => work).map(({ environment }) => environment);
      if (json) console.log(JSON.stringify(names));
    });
}

/** @throws UsageError that names a word that is no stack */
function stacksIn(words: string): Environment[] {
  return words
    .split(" ")
    .filter(Boolean)
    .map((word) => {
      if (isEnvironment(word)) return word;
      throw new UsageError(`--of ${word}: must be some of ${environments.join(", ")}`);
    });
}

async function reasonSince(
  git: Git,
  base: string,
  environment: Environment,
  rules: CatalogRules,
  files: boolean,
  mayBeGone: boolean,
): Promise<string | undefined> {
  let paths: string[];
  try {
    const names = await git(["diff", "--name-only", "-z", "--end-of-options", base, "HEAD", "--"]);
    paths = names.split("\0").filter(Boolean);
  } catch (error) {
    // A commit that was applied and then rewritten: nobody knows what differs.
    if (mayBeGone) return `${base.slice(0, 7)}, which it has, is no longer in the history`;
    throw new Error(
      `--base ${base}: git does not know it (${gitMessage(error)}). Fix: git fetch origin, then name a branch such as origin/main`,
      { cause: error },
    );
  }
  const folder = `${applicationsFolder(environment)}/`;
  const select = (path: string) => path.startsWith(folder);
  const [before, after] = await Promise.all([
    readFiles(git, base, select),
    readFiles(git, "HEAD", select),
  ]);
  return reasonOf({ environment, paths, before, after, rules }, { files });
}
