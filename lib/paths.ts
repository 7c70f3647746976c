import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The repository's root. */
export const repositoryRoot = resolve(import.meta.dirname, "..");

/**
 * Everything that is worth keeping between runs and can be made again: built tools, Go's module and build caches,
 * npm's cache. `$IDP_CACHE`, else `$XDG_CACHE_HOME/idp`, else `~/.cache/idp`.
 */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  return env["IDP_CACHE"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "idp");
}

/** Where tools that were built here are, with their logs and durations. */
export function toolsFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheDir(env), "tools");
}
