import { environments, type Environment } from "./environments.ts";
import { lacksIdentityCenterPath } from "./identity-center.ts";
import type { CurrentFacts, RepositoryFacts } from "./repository-facts.ts";
import { withoutIds } from "../lib/github-address.ts";
import { UsageError } from "../lib/usage-error.ts";
import { domainName, undecidedAccount } from "./schema.ts";

/** What `idp init` is told; everything else stays as it is. */
export interface InitAnswers {
  readonly org?: string | undefined;
  readonly repository?: string | undefined;
  readonly ownerId?: string | undefined;
  readonly repositoryId?: string | undefined;
  readonly url?: string | undefined;
  readonly branch?: string | undefined;
  readonly region?: string | undefined;
  readonly devAccount?: string | undefined;
  readonly stagingAccount?: string | undefined;
  readonly prodAccount?: string | undefined;
  readonly domain?: string | undefined;
  readonly admin?: readonly string[] | undefined;
}

const name = /^[A-Za-z0-9][\w.-]*$/;

/** For each answer its flag, what it must be in words, and whether a text is one. */
export const answers = {
  org: ["--org", "a GitHub user or organisation", (text: string) => name.test(text)],
  repository: ["--repository", "a repository's name, without its owner", (text) => name.test(text)],
  ownerId: ["--owner-id", "the owner's number on GitHub", isNumber],
  repositoryId: ["--repository-id", "the repository's number on GitHub", isNumber],
  url: [
    "--url",
    "an https address without a slash at its end",
    (text) => /^https:\/\/[^\s/]+\/\S*[^\s/]$/.test(text),
  ],
  branch: ["--branch", "a branch", (text) => /^[^\s~^:?*[\\-][^\s~^:?*[\\]*$/.test(text)],
  region: [
    "--region",
    "a region such as us-west-2",
    (text) => /^[a-z]{2}(-[a-z]+)+-\d$/.test(text),
  ],
  devAccount: ["--dev-account", "an account number of 12 digits", isAccount],
  stagingAccount: ["--staging-account", "an account number of 12 digits", isAccount],
  prodAccount: ["--prod-account", "an account number of 12 digits", isAccount],
  domain: [
    "--domain",
    "a domain name such as example.com",
    (text) => domainName.safeParse(text).success,
  ],
} as const satisfies Record<string, readonly [string, string, (text: string) => boolean]>;
/** One of {@link answers}. */
export type Answer = keyof typeof answers;

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

function isAccount(text: string): boolean {
  return /^\d{12}$/.test(text);
}

/** A role's name with its path, as `--admin` takes it. */
export const isRole = (text: string) =>
  /^[\w+=,.@/-]{1,128}$/.test(text) && !/^\/|\/$|^\d+$/.test(text);

/**
 * Returns the repository's current facts with the answers put in.
 * @throws UsageError that lists every answer that is not valid, and what is allowed
 */
export function factsFrom(given: InitAnswers, current: CurrentFacts): RepositoryFacts {
  const problems = Object.entries(answers).flatMap(([key, [flag, allowed, isRight]]) => {
    const value = given[key as Answer];
    return value === undefined || isRight(value)
      ? []
      : [`  ${flag}: found ${JSON.stringify(value)}; must be ${allowed}`];
  });
  for (const role of given.admin ?? []) {
    if (lacksIdentityCenterPath(role)) {
      problems.push(
        `  --admin: found ${JSON.stringify(role)}; must not be a role of IAM Identity Center, whose name differs in each account. Use --admin-permission-set`,
      );
    }
    if (isRole(role)) continue;
    problems.push(
      `  --admin: found ${JSON.stringify(role)}; must be the name of an IAM role, the same in every account, not an ARN`,
    );
  }
  const before = withoutIds(current.github);
  const [oldOwner = "", oldName = ""] = before.split("/");
  const [owner, repository] = [given.org ?? oldOwner, given.repository ?? oldName];
  const github = `${owner}/${repository}`;
  const { ownerId, repositoryId } = given;
  if ((ownerId === undefined) !== (repositoryId === undefined)) {
    problems.push("  --owner-id, --repository-id: found one of them; must be both or none");
  }
  const accountOf = (environment: Environment) => ({
    accountId: given[`${environment}Account`] ?? current.accounts[environment].accountId,
    region: given.region ?? current.accounts[environment].region,
  });
  const accounts = {
    dev: accountOf("dev"),
    staging: accountOf("staging"),
    prod: accountOf("prod"),
  };
  for (const [index, environment] of environments.entries()) {
    const { accountId } = accounts[environment];
    const other = environments
      .slice(0, index)
      .find((earlier) => accounts[earlier].accountId === accountId);
    if (other === undefined || accountId === undecidedAccount) continue;
    problems.push(
      `  --${environment}-account: found ${accountId}; must not be the account of ${other}`,
    );
  }
  if (problems.length > 0) throw new UsageError(`idp init:\n${problems.join("\n")}`);
  const moved = github !== before && current.url === `https://github.com/${before}`;
  return {
    url: given.url ?? (moved ? `https://github.com/${github}` : current.url),
    branch: given.branch ?? current.branch,
    accounts,
    github:
      ownerId !== undefined && repositoryId !== undefined
        ? `${owner}@${ownerId}/${repository}@${repositoryId}`
        : github === before
          ? current.github
          : github,
    domain: given.domain,
    admins: given.admin,
  };
}
