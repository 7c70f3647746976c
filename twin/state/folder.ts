import { join } from "node:path";
import { repositoryRoot } from "../../lib/paths.ts";

/**
 * Returns the folder of everything that a twin has: accounts, clusters, git, registries, logs, pids. It is `$IDP_TWIN`,
 * else `twin/.state` of this clone. `make down` deletes it.
 */
export function stateDir(env: NodeJS.ProcessEnv = process.env): string {
  return env["IDP_TWIN"] || join(repositoryRoot, "twin/.state");
}
