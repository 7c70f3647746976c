import { committed, required } from "./committed.ts";
import type { Environment } from "./environments.ts";
import { withoutIds } from "../lib/github-address.ts";
import { stackFileIn, stackFilesIn } from "./stack-files.ts";

/** What makes a copy of this repository somebody's own. */
export interface RepositoryFacts {
  /** Address that Argo CD reads. */
  readonly url: string;
  readonly branch: string;
  readonly accounts: Readonly<
    Record<Environment, { readonly accountId: string; readonly region: string }>
  >;
  /**
   * `<owner>/<repository>` on GitHub, with ids where its tokens have them. With it, the old owner's repositories and accounts are replaced in every other
   * file, too, and the publishers become the new owner's. The twin has none: its repository is not on GitHub.
   */
  readonly github?: string | undefined;
  /**
   * How GitHub's tokens name a publisher's repository, by its `<owner>/<name>`.
   * @default as it is, or without ids where the owner changes
   */
  readonly tokenNames?: ReadonlyMap<string, string> | undefined;
  /** Domain of prod's services; the others have `<environment>.<domain>`. @default unchanged */
  readonly domain?: string | undefined;
  /** Names of IAM roles, path included, that become administrators of each account's cluster. @default none is added */
  readonly admins?: readonly string[] | undefined;
  /** The same for one account's cluster: roles of IAM Identity Center have another name in each. @default none is added */
  readonly adminsOf?: Readonly<Partial<Record<Environment, readonly string[]>>> | undefined;
}

/** What the stack files of a repository say about its owner now. */
export interface CurrentFacts {
  readonly url: string;
  readonly branch: string;
  readonly accounts: RepositoryFacts["accounts"];
  /** The platform's repository, with ids where the settings have them. */
  readonly github: string;
  /** prod's `idp:domain`. */
  readonly domain: string | undefined;
  /** `<owner>/<name>` of every repository of the settings on GitHub: the platform's and the publishers'. */
  readonly repositories: readonly string[];
}

/**
 * Returns what the three stack files say about their owner.
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
    repositories: [...new Set(repositories.map(withoutIds))],
  };
}

/** Returns the domain of an environment's services. */
export function domainOf(domain: string, environment: Environment): string {
  return environment === "prod" ? domain : `${environment}.${domain}`;
}

/** Returns the owner's name in `<owner>/<repository>`, with ids or without. */
export function ownerOf(repository: string): string {
  return withoutIds(repository).split("/")[0] ?? "";
}

/**
 * Returns a repository's name after the platform's has moved from `before` to `next`: one of the same owner moves with it.
 * @param name `<owner>/<name>`
 */
export function movedName(name: string, before: string, next: string): string {
  return ownerOf(name) === ownerOf(before) ? `${ownerOf(next)}/${name.split("/")[1] ?? ""}` : name;
}
