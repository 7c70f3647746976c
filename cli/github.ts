import { Command, InvalidArgumentError, Option } from "commander";
import { execa } from "execa";
import { z } from "zod";
import { inspectCatalog } from "../catalog/read.ts";
import { committedRules } from "../catalog/committed-rules.ts";
import { committed, required } from "../config/committed.ts";
import { environments } from "../config/environments.ts";
import { readStackFiles, stackFileIn, type StackFile } from "../config/stack-files.ts";
import { callLine, type GithubCall } from "../github/call.ts";
import { platformNeeds, serviceNeeds } from "../github/needs.ts";
import { readGithub } from "../github/read.ts";
import { readRepository, type Repository } from "../github/repository.ts";
import type { Reviewer, Setting } from "../github/setting.ts";
import { settingsOf } from "../github/settings.ts";
import { publishVariable } from "../github/variables.ts";
import { readState } from "../github/state.ts";
import { asking, type Ask } from "../lib/ask.ts";
import { withoutIds } from "../lib/github-address.ts";
import { messageOf } from "../lib/message-of.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { UsageError } from "../lib/usage-error.ts";
import { progress } from "./progress.ts";
import { stackFacts } from "./stack-outputs.ts";
import { profilesOf } from "./workspace.ts";
import { writerKeyCommand } from "./writer-key.ts";

interface Options {
  readonly apply?: true;
  readonly reviewer: readonly string[];
  readonly updaterApp?: number;
  readonly roleVariable?: string;
  readonly profile?: readonly string[];
  readonly json?: true;
}

/** `idp github ...`: what GitHub must be told. */
export function githubCommand(): Command {
  const github = new Command("github");
  github.addCommand(setupCommand());
  github.addCommand(writerKeyCommand());
  return github;
}

function setupCommand(root = repositoryRoot): Command {
  return new Command("setup")
    .description("show, or with --apply make, the settings of a repository on GitHub")
    .argument("[service]", "a service: its repository instead of the platform's")
    .option("--apply", "make the settings; without it nothing is changed")
    .option(
      "--reviewer <user or organisation/team>",
      "who approves what provisions prod; repeatable",
      (value: string, earlier: readonly string[]) => [...earlier, value],
      [],
    )
    .option(
      "--updater-app <number>",
      "App ID of the GitHub App that writes tags: it may push past the branch's ruleset (default: idp:images.writer)",
      wholeNumber,
    )
    .option(
      "--role-variable <name>",
      "variable of the image's role, where a service's repository publishes several images",
      variableName,
    )
    .option(
      "--profile <environment=name...>",
      "AWS profile of an environment's account, to read a stack that is kept in S3; also IDP_PROFILE_PROD",
    )
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  npx idp github setup --reviewer acme/platform --apply",
        "  npx idp github setup clock --role-variable CLOCK_ROLE",
        "",
        "Run it before the first push, and again after the first pulumi up of each stack, when its roles are there.",
        "What is right already is left alone. It needs gh, logged in as an administrator of the repository.",
      ].join("\n"),
    )
    .action(async (service: string | undefined, options: Options) => {
      const ask = asking(process.env);
      const { name, settings } = await read(root, service, options, ask);
      if (options.json && !options.apply) {
        console.log(JSON.stringify({ repository: name, settings: settings.map(shown) }, null, 2));
        return;
      }
      if (!options.apply) {
        console.log(setupLines(name, settings).join("\n"));
        return;
      }
      const made = await apply(settings, runGh, (line) => {
        if (!options.json) console.log(line);
      });
      if (options.json) console.log(JSON.stringify({ repository: name, settings: made }, null, 2));
      if (made.some(({ error }) => error !== undefined)) process.exitCode = 1;
    });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("must be the app's number");
  return Number(text);
}

async function read(root: string, service: string | undefined, options: Options, ask: Ask) {
  const stackFiles = readStackFiles(root);
  const platform = stackFileIn(stackFiles, "prod");
  const image = service === undefined ? undefined : await imageOf(root, service);
  const publisher = image === undefined ? undefined : publisherOf(stackFiles, image, service ?? "");
  const name =
    publisher?.repository ?? withoutIds(required(platform, ({ github }) => github.repository));
  const roleVariable = roleVariableOf(publisher, options.roleVariable);
  progress(`reading ${name} on GitHub, and what the stacks have`);
  const repository = await administered(ask, name);
  const profiles = profilesOf(options.profile ?? []);
  const stacks = await Promise.all(
    stackFiles.map((file) => stackFacts(root, file, profiles[file.environment], progress)),
  );
  const wanted =
    image === undefined
      ? platformNeeds(
          required(platform, ({ repository }) => repository.branch),
          stacks,
          {
            reviewers: await Promise.all(options.reviewer.map((who) => reviewer(ask, who))),
            updaterApp: updaterApp(stackFiles, options.updaterApp),
          },
        )
      : serviceNeeds(repository.default_branch, image, stacks, roleVariable);
  return {
    name,
    settings: settingsOf(wanted, await readState(ask, name, repository, environments)),
  };
}

/**
 * Returns the App ID of the app that writes tags: the one that may push past the ruleset.
 * @param given `--updater-app`, for stacks whose settings name none
 * @throws Error if the settings name another one, or several
 */
export function updaterApp(
  stackFiles: readonly StackFile[],
  given: number | undefined,
): number | undefined {
  const named = stackFiles.flatMap((file) => {
    const { writer } = committed(file).images;
    return writer ? [{ file: file.file, app: Number(writer.appId) }] : [];
  });
  const app = given ?? named[0]?.app;
  const others = named.filter((one) => one.app !== app);
  if (others.length === 0) return app;
  throw new Error(
    [
      `app ${app ?? ""} would push past the ruleset, but Image Updater writes with another:`,
      ...others.map((one) => `  ${one.file}: idp:images.writer.appId: found "${one.app}"`),
      "Fix: name one app in all of them, and leave out --updater-app: docs/stacks.md#two-github-apps",
    ].join("\n"),
  );
}

async function administered(ask: Ask, name: string): Promise<Repository> {
  const answer = await readRepository(ask, name);
  if (answer.kind === "refused") {
    throw new Error(
      `${name}: ${answer.why}. Fix: install gh (https://cli.github.com), gh auth login`,
    );
  }
  if (answer.kind === "absent") {
    throw new Error(
      `there is no ${name} on GitHub, or gh's login may not see it. Fix: gh auth status, then gh repo create ${name} --private`,
    );
  }
  if (!answer.value.permissions?.admin) {
    throw new Error(
      `gh's login does not administer ${name}. Fix: gh auth login as an administrator of it`,
    );
  }
  return answer.value;
}

const Numbered = z.object({ id: z.int() });

async function reviewer(ask: Ask, who: string): Promise<Reviewer> {
  const [organisation = "", team] = who.split("/");
  const path = team === undefined ? `users/${who}` : `orgs/${organisation}/teams/${team}`;
  const answer = await readGithub(ask, path, Numbered);
  if (answer.kind === "read") {
    return { type: team === undefined ? "User" : "Team", id: answer.value.id };
  }
  throw new Error(
    `--reviewer ${who}: ${answer.kind === "absent" ? "GitHub knows no such user or team" : answer.why}; must be <user> or <organisation>/<team>`,
  );
}

async function imageOf(root: string, service: string): Promise<string> {
  const rules = committedRules(root);
  const catalogs = await Promise.all(
    environments.map((environment) => inspectCatalog(root, environment, rules[environment])),
  );
  const services = catalogs.flatMap((catalog) => catalog.services);
  const found = services.find(({ name }) => name === service);
  if (found !== undefined) return found.image.name;
  const names = [...new Set(services.map(({ name }) => name))].sort().join(", ");
  throw new Error(
    `there is no service ${service}; there is ${names}. Fix: npx idp service new ${service} --port <port> --image <image> --publisher <owner>/<repository>`,
  );
}

/** A service's repository, and the images that it publishes. */
interface Publisher {
  readonly repository: string;
  readonly images: readonly string[];
}

/**
 * Returns the variable that holds the role of an image; undefined is the one that the workflows read by default.
 * @param given `--role-variable`
 * @throws Error where the repository publishes several images and none is given: each has a variable of its own
 */
export function roleVariableOf(
  publisher: Publisher | undefined,
  given: string | undefined,
): string | undefined {
  if (given !== undefined && publisher === undefined) {
    throw new UsageError(
      `--role-variable ${given}: the platform's repository publishes no image. Fix: name a service, or leave it out`,
    );
  }
  if (given !== undefined || publisher === undefined || publisher.images.length === 1) return given;
  throw new Error(
    `${publisher.repository} publishes ${publisher.images.join(" and ")}, and the role of each has a variable of its own. Fix: --role-variable ${publishVariable} for the image whose call of the workflows gives no role-variable, and for another the name that its call gives: docs/workflows.md#variables`,
  );
}

function variableName(text: string): string {
  // GitHub's own rule, but for its prefix GITHUB_; it shows names in capitals.
  if (/^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/.test(text)) return text;
  throw new InvalidArgumentError("must be the name of a variable in capitals, such as CLOCK_ROLE");
}

function publisherOf(stackFiles: readonly StackFile[], image: string, service: string): Publisher {
  const publishers = stackFiles.flatMap((file) => committed(file).github.publishers ?? []);
  const publisher = publishers.find((one) => one.image === image);
  if (publisher !== undefined) {
    const own = publishers.filter(({ repository }) => repository === publisher.repository);
    return {
      repository: withoutIds(publisher.repository),
      images: [...new Set(own.map((one) => one.image))],
    };
  }
  throw new Error(
    `no repository may push ${image}, the image of ${service}. Fix: name it under idp:github.publishers in Pulumi.<stack>.yaml: docs/stacks.md`,
  );
}

const shown = (setting: Setting) => ({ ...setting, calls: setting.calls.map(callLine) });

/** Returns what would be done as a script of POSIX sh: calls, and everything else as comments. */
export function setupLines(repository: string, settings: readonly Setting[]): string[] {
  const wrong = settings.filter(({ state }) => state === "wrong");
  const others = settings.filter(({ state }) => state !== "right" && state !== "wrong");
  return [
    `# ${repository}: ${settings.length - wrong.length - others.length} right, ${wrong.length} to make, ${others.length} to look at`,
    ...wrong.flatMap((setting) => ["", `# ${title(setting)}`, ...setting.calls.map(callLine)]),
    ...(others.length === 0 ? [] : ["", ...others.map((one) => `# ${one.state}: ${title(one)}`)]),
    ...(wrong.length === 0
      ? []
      : ["", "# Nothing was changed. To make it so: the same with --apply"]),
  ];
}

const title = ({ about, name, found }: Setting) => `${about}: ${name}: ${found}`;

/** Runs a call of `gh`; rejects with one line when it fails. */
type RunGh = (call: GithubCall) => Promise<unknown>;

/**
 * Makes what is wrong, in order. A setting whose call fails is left there, and the next one goes on: GitHub refuses some
 * by plan, or because the organisation decides.
 */
export async function apply(
  settings: readonly Setting[],
  run: RunGh,
  say: (line: string) => void,
): Promise<(ReturnType<typeof shown> & { readonly error?: string })[]> {
  const made: (ReturnType<typeof shown> & { readonly error?: string })[] = [];
  for (const setting of settings) {
    if (setting.state !== "wrong") {
      if (setting.state !== "right") say(`${setting.state.padEnd(10)}  ${title(setting)}`);
      made.push(shown(setting));
      continue;
    }
    try {
      for (const call of setting.calls) await run(call);
      say(`${"made".padEnd(10)}  ${setting.about}: ${setting.name}`);
      made.push(shown(setting));
    } catch (error) {
      const why = messageOf(error);
      say(`${"failed".padEnd(10)}  ${setting.about}: ${setting.name}: ${why}`);
      made.push({ ...shown(setting), error: why });
    }
  }
  const failed = made.filter(({ error }) => error !== undefined).length;
  say(
    failed === 0
      ? "Done. Look again: npx idp doctor"
      : `${failed} failed: docs/workflows.md#what-each-plan-gives says which plan gives what`,
  );
  return made;
}

async function runGh({ args, input }: GithubCall): Promise<void> {
  const { failed, stderr, stdout } = await execa("gh", [...args], {
    input: input === undefined ? "" : JSON.stringify(input),
    env: { GH_PROMPT_DISABLED: "1" },
    reject: false,
  });
  if (failed) throw new Error([stderr, stdout].join(" ").trim().split("\n")[0] ?? "gh failed");
}
