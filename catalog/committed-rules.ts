import type { CatalogRules } from "./schema.ts";
import type { Environment } from "../config/environments.ts";
import { committed, committedRegistryHost, required } from "../config/committed.ts";
import { readStackFiles, stackFileIn } from "../config/stack-files.ts";

/**
 * What each environment asks of its service files, by the committed settings of the repository at `root`.
 * @throws SettingsError of the stack file that has no account or image strategy
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
