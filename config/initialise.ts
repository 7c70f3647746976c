import { dirname } from "node:path/posix";
import { applicationsFolder, serviceFileEnding } from "../catalog/service.ts";
import { addItems, setKey, setScalars } from "../lib/yaml-edit.ts";
import { committed, required, type Committed } from "./committed.ts";
import { environments, type Environment } from "./environments.ts";
import { registryHost, undecidedAccount } from "./schema.ts";
import { parseStackFile, stackFileIn, stackFileOf, stackFilesIn } from "./stack-files.ts";

/** What makes a copy of this repository somebody's own. */
export interface RepositoryFacts {
  /** Address that Argo CD reads. */
  readonly url: string;
  readonly branch: string;
  readonly accounts: Readonly<
    Record<Environment, { readonly accountId: string; readonly region: string }>
  >;
  /**
   * `<owner>/<repository>` on GitHub. Given, the old owner's repositories and accounts are replaced in every other
   * file, too, and the publishers become the new owner's. The twin gives none: its repository is not on GitHub.
   */
  readonly github?: string | undefined;
  /** Domain of prod's services; `<environment>.<domain>` is that of the others. @default as it stands */
  readonly domain?: string | undefined;
  /** Names of IAM roles, path included, that become administrators of each account's cluster. @default none is added */
  readonly admins?: readonly string[] | undefined;
}

/** What the stack files of a repository say of its owner now. */
export interface CurrentFacts {
  readonly url: string;
  readonly branch: string;
  readonly accounts: RepositoryFacts["accounts"];
  readonly github: string;
  /** prod's `idp:domain`. */
  readonly domain: string | undefined;
  /** Every repository of the settings on GitHub: the platform's and the publishers'. */
  readonly repositories: readonly string[];
}

const ecrHost = /\b\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?=\/)/g;

/** Whether a path is a stack file or a service file: what {@link initialise} changes for the twin. */
export function namesFacts(path: string): boolean {
  return stackOf(path) !== undefined || environmentOfService(path) !== undefined;
}

/**
 * Puts a repository's facts into its stack files and service files, and with `facts.github` into every other file that
 * names the old owner's. Nothing else changes: comments, order and line breaks stay, and so does a file that cannot be
 * read (its own checks complain).
 *
 * @param files text by path, relative to the repository's root with `/`
 * @returns the files that change, with their new text
 */
export function initialise(
  files: ReadonlyMap<string, string>,
  facts: RepositoryFacts,
): Map<string, string> {
  const elsewhere = replacing(files, facts);
  const changed = new Map<string, string>();
  for (const [path, text] of files) {
    const stack = stackOf(path);
    const service = environmentOfService(path);
    const next =
      stack !== undefined
        ? stackText(text, stack, facts)
        : service !== undefined
          ? text.replace(ecrHost, registryHost(facts.accounts[service]))
          : elsewhere(text);
    if (next !== text) changed.set(path, next);
  }
  return changed;
}

/** Of a file that cannot be read nothing: its own checks complain. */
function settingsOf(environment: Environment, text: string): Committed | undefined {
  try {
    return committed(parseStackFile(environment, text));
  } catch {
    return undefined;
  }
}

/**
 * What the three stack files say of their owner.
 * @throws Error naming the stack file that is missing or has no account, repository and GitHub repository
 */
export function currentFacts(files: ReadonlyMap<string, string>): CurrentFacts {
  const stackFiles = stackFilesIn(files);
  const of = (environment: Environment) => {
    const file = stackFileIn(stackFiles, environment);
    return {
      account: {
        accountId: required(file, ({ aws }) => aws.accountId),
        region: required(file, ({ aws }) => aws.region),
      },
      repository: {
        url: required(file, ({ repository }) => repository.url),
        branch: required(file, ({ repository }) => repository.branch),
      },
      domain: committed(file).domain,
      github: required(file, ({ github }) => github.repository),
      publishers: committed(file).github.publishers ?? [],
    };
  };
  const stacks = { dev: of("dev"), staging: of("staging"), prod: of("prod") };
  const repositories = Object.values(stacks).flatMap(({ github, publishers }) => [
    github,
    ...publishers.map(({ repository }) => repository),
  ]);
  return {
    ...stacks.prod.repository,
    accounts: {
      dev: stacks.dev.account,
      staging: stacks.staging.account,
      prod: stacks.prod.account,
    },
    github: stacks.prod.github,
    domain: stacks.prod.domain,
    repositories: [...new Set(repositories)],
  };
}

/** Domain of an environment's services. */
export function domainOf(domain: string, environment: Environment): string {
  return environment === "prod" ? domain : `${environment}.${domain}`;
}

function stackText(text: string, stack: Environment, facts: RepositoryFacts): string {
  const { accountId, region } = facts.accounts[stack];
  const old = settingsOf(stack, text);
  const moved = setScalars(text, [
    [["config", "idp:aws", "accountId"], accountId],
    [["config", "idp:aws", "region"], region],
    [["config", "idp:repository", "url"], facts.url],
    [["config", "idp:repository", "branch"], facts.branch],
    ...movedRepositories(old, facts),
    ...movedPrincipals(old, accountId),
  ]);
  const { domain, admins = [] } = facts;
  const named =
    domain === undefined
      ? moved
      : setKey(moved, ["config"], "idp:domain", domainOf(domain, stack), "idp:repository");
  const known = settingsOf(stack, named)?.cluster.access ?? [];
  const wanted = admins
    .map((role) => ({
      name: entryName(role),
      principalArn: `arn:${partitionOf(region)}:iam::${accountId}:role/${role}`,
      level: "cluster-admin",
    }))
    .filter(({ name }) => !known.some((entry) => entry.name === name));
  return addItems(named, ["config", "idp:cluster", "access"], wanted);
}

type Edit = readonly [path: readonly (string | number)[], value: string];

function movedRepositories(old: Committed | undefined, facts: RepositoryFacts): Edit[] {
  const { github: next } = facts;
  const { repository: before, publishers = [] } = old?.github ?? {};
  if (next === undefined || before === undefined) return [];
  return [
    [["config", "idp:github", "repository"], next],
    ...publishers.map(({ repository }, index): Edit => [
      ["config", "idp:github", "publishers", index, "repository"],
      ownerOf(repository) === ownerOf(before)
        ? `${ownerOf(next)}/${repository.split("/")[1] ?? ""}`
        : repository,
    ]),
  ];
}

/** Principals of the old account become the new account's. */
function movedPrincipals(old: Committed | undefined, accountId: string): Edit[] {
  return (old?.cluster.access ?? []).map(({ principalArn }, index) => [
    ["config", "idp:cluster", "access", index, "principalArn"],
    principalArn.replace(`::${old?.aws.accountId ?? ""}:`, `::${accountId}:`),
  ]);
}

/** What is done to a file that is neither a stack's nor a service's. */
function replacing(
  files: ReadonlyMap<string, string>,
  facts: RepositoryFacts,
): (text: string) => string {
  if (facts.github === undefined) return (text) => text;
  const old = currentFacts(files);
  const [oldOwner, owner] = [ownerOf(old.github), ownerOf(facts.github)];
  const accounts = environments
    .map(
      (environment) => [old.accounts[environment].accountId, facts.accounts[environment]] as const,
    )
    .filter(([accountId]) => accountId !== undecidedAccount)
    .map(([accountId, next]) => [accountId, next.accountId] as const);
  const repositories = old.repositories
    .filter((repository) => ownerOf(repository) === oldOwner)
    .map((repository) => {
      const name = repository.split("/")[1] ?? "";
      return [repository, repository === old.github ? facts.github : `${owner}/${name}`] as const;
    });
  const names = new Map([
    ...repositories,
    ...repositories.map(([from, to]) => [`github.com/${from}`, `github.com/${to}`] as const),
  ]);
  const next = new Map([
    ...accounts,
    ...names,
    [`github.com/${oldOwner}/`, `github.com/${owner}/`],
    [`@${oldOwner}`, `@${owner}`],
  ]);
  const patterns = [
    ...accounts.map(([accountId]) => `(?<!\\d)${accountId}(?!\\d)`),
    // A whole name: `my-owner/idp-tools` is not `owner/idp`.
    ...[...names.keys(), `@${oldOwner}`].map((name) => `(?<![\\w-])${escaped(name)}(?![\\w-])`),
    `(?<![\\w-])${escaped(`github.com/${oldOwner}/`)}`,
  ];
  const pattern = new RegExp(patterns.join("|"), "g");
  return (text) => text.replace(pattern, (word) => next.get(word) ?? word);
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function ownerOf(repository: string): string {
  return repository.split("/")[0] ?? "";
}

/** A name for an access entry out of a role's: lowercase letters, digits and dashes. */
function entryName(role: string): string {
  const name = (role.split("/").at(-1) ?? role).toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return name.replace(/^[^a-z]+|-+$/g, "") || "admin";
}

/** The partition of AWS that a region is in. */
function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

function stackOf(path: string): Environment | undefined {
  return environments.find((environment) => path === stackFileOf(environment));
}

function environmentOfService(path: string): Environment | undefined {
  const folder = dirname(path);
  return path.endsWith(serviceFileEnding)
    ? environments.find((environment) => folder === applicationsFolder(environment))
    : undefined;
}
