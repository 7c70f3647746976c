import { execa } from "execa";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { environments, type Environment } from "../config/environments.ts";
import {
  answers,
  factsFrom,
  isRole,
  type Answer,
  type InitAnswers,
} from "../config/init-answers.ts";
import { initialise } from "../config/initialise.ts";
import { ownedFiles } from "../config/owned-files.ts";
import {
  currentFacts,
  domainOf,
  movedName,
  type CurrentFacts,
  type RepositoryFacts,
} from "../config/repository-facts.ts";
import { undecidedAccount } from "../config/schema.ts";
import { readSubject } from "../github/subject.ts";
import { asking, type Ask } from "../lib/ask.ts";
import { githubRepository, withoutIds } from "../lib/github-address.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { UsageError } from "../lib/usage-error.ts";
import { inScratchFolder } from "../lib/scratch-folder.ts";
import { progress } from "./progress.ts";
import { rolesOfPermissionSets } from "./permission-sets.ts";
import { profilesOf } from "./workspace.ts";

/** What {@link initCommand} is told: the answers, and how to go about it. */
interface Options extends InitAnswers {
  readonly adminPermissionSet?: readonly string[];
  readonly profile?: readonly string[];
  readonly dryRun?: true;
  readonly yes?: true;
}

/** `idp init`: writes a fork's owner, accounts, region and domain into the repository. */
export function initCommand(root = repositoryRoot, gh: Ask = asking(process.env)): Command {
  const command = new Command("init")
    .option("--org <owner>", "GitHub user or organisation that owns the repository")
    .option("--repository <name>", "name of the repository on GitHub")
    .option("--owner-id <number>", "number of the owner, where GitHub's tokens carry it")
    .option("--repository-id <number>", "number of the repository, likewise")
    .option("--url <address>", "address that Argo CD reads (default: the repository on GitHub)")
    .option("--branch <branch>", "branch that is deployed")
    .option("--dev-account <number>", "AWS account of dev")
    .option("--staging-account <number>", "AWS account of staging")
    .option("--prod-account <number>", "AWS account of prod")
    .option("--region <region>", "AWS region of all three")
    .option("--domain <domain>", "domain of prod's services; dev's is dev.<domain>")
    .option("--admin <role>", "IAM role that administers each cluster; repeatable", collected)
    .option(
      "--admin-permission-set <name>",
      "permission set of IAM Identity Center whose role administers each cluster; repeatable",
      collected,
    )
    .option(
      "--profile <environment=name...>",
      "AWS profile of an account in which to look up permission sets, such as dev=acme-dev",
    )
    .option("--dry-run", "show what would change, and change nothing")
    .option("-y, --yes", "do not ask whether to write")
    .addHelpText(
      "after",
      "\nWithout flags it asks. What is not given stays unchanged; changes are shown before they are written.\n" +
        "\nExample:\n  idp init --org acme --dev-account 210000000001 --admin-permission-set AdministratorAccess --profile dev=acme-dev",
    );
  return command.action(
    async ({ dryRun, yes, profile, adminPermissionSet = [], ...given }: Options) => {
      const files = await ownedFiles(root);
      const current = currentFacts(files);
      const isAsking = process.stdin.isTTY && process.stdout.isTTY;
      const isTold = Object.keys(given).length > 0 || adminPermissionSet.length > 0;
      if (!isTold && !isAsking) {
        throw new UsageError(
          "idp init has no flags, and there is no terminal to ask at. Fix: idp init --org <owner> --dev-account <number> ... (idp init --help)",
        );
      }
      const remote = await origin(root);
      const told = isTold ? given : await ask(current, remote);
      const named = factsFrom(inOriginsCase(told, remote), current);
      const isNewOwner = told.org !== undefined || told.repository !== undefined;
      if (isNewOwner) progress("asking GitHub how its tokens name the repositories");
      const plain = isNewOwner ? await asGithubNamesThem(named, current, gh) : named;
      const profiles = profilesOf(profile ?? []);
      if (adminPermissionSet.length > 0) progress("asking AWS for the permission sets' roles");
      const adminsOf = await rolesOfPermissionSets(adminPermissionSet, profiles, plain.accounts);
      const facts = { ...plain, adminsOf };
      const changes = initialise(files, facts);
      if (changes.size === 0) {
        console.log("Nothing to change: the repository already has these values.");
        return;
      }
      console.log(await difference(files, changes));
      console.log(`${changes.size} files change.`);
      if (dryRun) return;
      if (isAsking && !yes) {
        const { confirm } = await import("@inquirer/prompts");
        if (!(await confirm({ message: "Write them?" }))) {
          process.exitCode = 1;
          return;
        }
      }
      for (const [path, text] of changes) writeFileSync(join(root, path), text);
      const hasAdmins = (facts.admins ?? []).length > 0 || adminPermissionSet.length > 0;
      await settle(root, [...changes.keys()], hasAdmins);
      const without = environments.filter((environment) => adminsOf[environment] === undefined);
      if (adminPermissionSet.length > 0 && without.length > 0) {
        console.error(
          `No role of a permission set was looked up for ${without.join(", ")}: run this again with --profile ${without[0] ?? ""}=<profile> once there is an account.`,
        );
      }
      console.log(["", ...nextSteps(facts)].join("\n"));
    },
  );
}

function collected(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** Updates what depends on the new names: table widths, and the golden files when administrators were given. */
async function settle(root: string, paths: readonly string[], hasAdmins: boolean): Promise<void> {
  const prettier = ["prettier", "--write", "--ignore-unknown", "--log-level", "warn"];
  await execa("npx", [...prettier, ...paths], { cwd: root });
  if (!hasAdmins) return;
  console.log("Rewriting the golden files: administrators are in them (make golden) ...");
  await execa("make", ["golden"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
}

/** Returns the changes as git shows them, in colour on a terminal. */
async function difference(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Promise<string> {
  return inScratchFolder("init", async (scratch) => {
    for (const [path, text] of after) {
      for (const [side, content] of [
        ["a", before.get(path) ?? ""],
        ["b", text],
      ] as const) {
        const file = join(scratch, side, path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, content);
      }
    }
    const colour = `--color=${process.stdout.isTTY ? "always" : "never"}`;
    const args = ["diff", "--no-index", "--no-prefix", "-U0", colour, "a", "b"];
    // Exit code 1 means that there are differences.
    const { stdout } = await execa("git", args, { cwd: scratch, reject: false });
    return stdout;
  });
}

/** Returns owner and repository of the remote `origin`; undefined unless it is on GitHub. */
export async function origin(
  root: string,
): Promise<{ readonly org: string; readonly repository: string } | undefined> {
  const remote = await execa("git", ["remote", "get-url", "origin"], { cwd: root, reject: false });
  const address = remote.failed ? "" : remote.stdout;
  const [org, repository] = githubRepository(address)?.split("/") ?? [];
  return org !== undefined && repository !== undefined ? { org, repository } : undefined;
}

/** AWS compares the names in GitHub's tokens letter by letter: where only the case differs, origin's is right. */
export function inOriginsCase(
  given: InitAnswers,
  remote: { readonly org: string; readonly repository: string } | undefined,
): InitAnswers {
  const same = (a: string | undefined, b: string) => a?.toLowerCase() === b.toLowerCase();
  return {
    ...given,
    ...(remote && same(given.org, remote.org) && { org: remote.org }),
    ...(remote && same(given.repository, remote.repository) && { repository: remote.repository }),
  };
}

/**
 * Puts in how GitHub's tokens name the platform's repository and the publishers': with ids or without, and in which case.
 * What GitHub does not tell stays as it is: no `gh`, no login, or no such repository yet.
 */
export async function asGithubNamesThem(
  facts: RepositoryFacts,
  current: CurrentFacts,
  gh: Ask,
): Promise<RepositoryFacts> {
  if (facts.github === undefined) return facts;
  const platform = withoutIds(facts.github);
  const publishers = current.repositories
    .filter((name) => name !== withoutIds(current.github))
    .map((name) => movedName(name, current.github, platform));
  const asked = await Promise.all(
    [...new Set([platform, ...publishers])].map(async (name) => {
      const answer = await readSubject(gh, name);
      const told =
        answer.kind === "read" && answer.value.kind === "default" ? answer.value.repository : name;
      // A redirect from an old name is for a person to decide.
      const isSame = withoutIds(told).toLowerCase() === name.toLowerCase();
      return [name, isSame ? told : name] as const;
    }),
  );
  const tokenNames = new Map(asked.filter(([name, told]) => name !== told));
  const github = tokenNames.get(platform) ?? facts.github;
  const ownAddress = `https://github.com/${platform}`;
  const url = facts.url === ownAddress ? `https://github.com/${withoutIds(github)}` : facts.url;
  return { ...facts, github, url, tokenNames };
}

const questions = {
  org: "GitHub user or organisation",
  repository: "Name of the repository",
  url: "Address that Argo CD reads",
  branch: "Branch that is deployed",
  region: "AWS region",
} as const;

async function ask(
  current: CurrentFacts,
  remote: { readonly org: string; readonly repository: string } | undefined,
): Promise<InitAnswers> {
  const { input } = await import("@inquirer/prompts");
  const [owner = "", repositoryName = ""] = withoutIds(current.github).split("/");
  const question = async (key: Answer, message: string, usual: string, isOptional = false) => {
    const [, allowed, isRight] = answers[key];
    const said = await input({
      message,
      default: usual,
      validate: (text) => (isOptional && text === "") || isRight(text) || `must be ${allowed}`,
    });
    return said === "" ? undefined : said;
  };
  const org = await question("org", questions.org, remote?.org ?? owner);
  const repository = await question(
    "repository",
    questions.repository,
    remote?.repository ?? repositoryName,
  );
  const url = await question(
    "url",
    questions.url,
    `https://github.com/${org ?? owner}/${repository ?? repositoryName}`,
  );
  const branch = await question("branch", questions.branch, current.branch);
  const region = await question("region", questions.region, current.accounts.dev.region);
  const account = (environment: Environment) =>
    question(
      `${environment}Account`,
      `AWS account of ${environment} (${undecidedAccount}: not decided)`,
      current.accounts[environment].accountId,
    );
  const [devAccount, stagingAccount, prodAccount] = [
    await account("dev"),
    await account("staging"),
    await account("prod"),
  ];
  const domain = await question(
    "domain",
    "Domain of prod's services (empty: any)",
    current.domain ?? "",
    true,
  );
  const admin = await input({
    message: "IAM roles that administer the clusters, by name, with commas between (empty: none)",
    validate: (text) => rolesIn(text).every(isRole) || "must be names of roles, not ARNs",
  });
  return {
    org,
    repository,
    url,
    branch,
    region,
    devAccount,
    stagingAccount,
    prodAccount,
    domain,
    admin: rolesIn(admin),
  };
}

function rolesIn(text: string): string[] {
  return text
    .split(",")
    .map((role) => role.trim())
    .filter((role) => role !== "");
}

/** Returns what is left to do after `idp init`, as lines. */
export function nextSteps({ accounts, domain, github, url }: RepositoryFacts): string[] {
  const undecided = environments.filter(
    (environment) => accounts[environment].accountId === undecidedAccount,
  );
  const steps = [
    "Read it and commit it: git diff, then git commit -a",
    "make test, then make up (make down first if a twin is running)",
    ...(undecided.length > 0
      ? [
          `No account yet for ${undecided.join(", ")}: idp init ${undecided.map((name) => `--${name}-account <number>`).join(" ")} when there is one. The twin runs without.`,
        ]
      : []),
    "Run idp doctor: it finds what the machine and the accounts lack",
    `Before the first push: npx idp github setup, which shows the environments and settings of ${withoutIds(github ?? "")} that are missing`,
    `State of each account, in its own bucket: npx idp backend create <stack>; or in Pulumi Cloud: docs/operations.md#state-backend`,
    `First pulumi up of each account: docs/runbooks/first-day.md`,
    ...(domain === undefined
      ? []
      : [
          `Create DNS zones for ${environments.map((name) => domainOf(domain, name)).join(", ")}: the program makes no DNS records`,
        ]),
    ...(url.startsWith("https://github.com/")
      ? []
      : [`Argo CD reads ${url}: make sure that it can reach it`]),
  ];
  return ["What to do next:", ...steps.map((step, index) => `  ${index + 1}. ${step}`)];
}
