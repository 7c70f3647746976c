/**
 * One form of a git repository's address: `git@host:owner/name.git`, `ssh://git@host/owner/name` and
 * `https://host/owner/name` give the same, and a user or password in it is left out. Any other text stays as it is.
 */
export function canonicalAddress(address: string): string {
  const [, host, path] = Url.exec(address) ?? Scp.exec(address) ?? [];
  return host === undefined || path === undefined
    ? address
    : `https://${host.toLowerCase()}/${path}`;
}

const Url = /^(?:https?|ssh):\/\/(?:[^@/]*@)?([^/]+)\/(.+?)(?:\.git)?\/?$/;
const Scp = /^[\w.-]+@([^:/]+):(.+?)(?:\.git)?\/?$/;

/**
 * `<owner>/<name>` of a repository as the settings name it. A repository that is new, renamed or transferred since July
 * 2026 has its ids in the subject of its jobs' tokens, and so in the settings: `acme@12/idp@34`.
 */
export function withoutIds(repository: string): string {
  return repository.replaceAll(/@\d+(?=\/|$)/g, "");
}

/** `<owner>/<name>` of a repository on GitHub, by its address; undefined for an address elsewhere. */
export function githubRepository(address: string): string | undefined {
  return /^https:\/\/github\.com\/([\w.-]+\/[\w.-]+)$/.exec(canonicalAddress(address))?.[1];
}
