import { withoutIds } from "../lib/github-address.ts";
import { environments } from "./environments.ts";
import { currentFacts, ownerOf, type RepositoryFacts } from "./repository-facts.ts";
import { undecidedAccount } from "./schema.ts";

/**
 * Returns a function that replaces the old owner's repositories and accounts in a text by the new owner's. It changes no
 * text if the facts name no repository on GitHub.
 *
 * @param files the repository's files; its stack files say who the old owner is
 */
export function ownerReplacer(
  files: ReadonlyMap<string, string>,
  facts: RepositoryFacts,
): (text: string) => string {
  if (facts.github === undefined) return (text) => text;
  const old = currentFacts(files);
  const [oldOwner, owner] = [ownerOf(old.github), ownerOf(facts.github)];
  const [oldPlatform, platform] = [withoutIds(old.github), withoutIds(facts.github)];
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
      return [repository, repository === oldPlatform ? platform : `${owner}/${name}`] as const;
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
