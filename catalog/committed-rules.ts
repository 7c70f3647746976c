import type { CatalogRules } from "./schema.ts";
import type { Environment } from "../config/environments.ts";
import { committed, committedRegistryHost, required } from "../config/committed.ts";
import { readStackFiles, stackFileIn } from "../config/stack-files.ts";

/**
 * Returns each environment's rules for its service files, from the committed settings of the repository at `root`.
 * @throws SettingsError for a stack file that has no account or image strategy
 */
export function committedRules(root: string): Record<Environment, CatalogRules> {
  const stackFiles = readStackFiles(root);
  const rulesOf = (environment: Environment): CatalogRules => {
    const file = stackFileIn(stackFiles, environment);
    return {
      registryHost: committedRegistryHost(stackFiles, environment),
      strategy: required(file, ({ images }) => images.strategy),
      domain: committed(file).domain,
    };
  };
  return { dev: rulesOf("dev"), staging: rulesOf("staging"), prod: rulesOf("prod") };
}
