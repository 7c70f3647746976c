import { join } from "node:path";
import { repositoryRoot } from "../../lib/paths.ts";

/**
 * Everything one twin has: accounts, clusters, git, registries, logs, pids. `make down` deletes it whole.
 * `$IDP_TWIN`, else `twin/.state` of this clone.
 */
export function stateDir(env: NodeJS.ProcessEnv = process.env): string {
  return env["IDP_TWIN"] || join(repositoryRoot, "twin/.state");
}
