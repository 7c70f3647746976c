import type { CatalogRules } from "./schema.ts";
import type { Environment } from "../config/environments.ts";
import { committed, committedRegistryHost, required } from "../config/committed.ts";
import { namespace, readStackFiles, stackFileIn, type StackFile } from "../config/stack-files.ts";

/**
 * Returns each environment's rules for its service files, from the committed settings of the repository at `root`.
 * @throws SettingsError for a stack file that has no account or image strategy
 */
export function committedRules(root: string): Record<Environment, CatalogRules> {
  const stackFiles = readStackFiles(root);
  const rulesOf = (environment: Environment) => rulesIn(stackFiles, environment);
  return { dev: rulesOf("dev"), staging: rulesOf("staging"), prod: rulesOf("prod") };
}

const settingsOfRules = ["aws.accountId", "aws.region", "images.strategy", "domain"] as const;

/** Whether {@link rulesIn} reads the setting with this key, such as `idp:aws.region`, or one in its group. */
export function decidesRules(key: string): boolean {
  const setting = key.replace(`${namespace}:`, "");
  return settingsOfRules.some((read) => read === setting || read.startsWith(`${setting}.`));
}

/**
 * Returns one environment's rules for its service files.
 * @throws SettingsError for a stack file that has no account or image strategy
 */
export function rulesIn(stackFiles: readonly StackFile[], environment: Environment): CatalogRules {
  const file = stackFileIn(stackFiles, environment);
  return {
    registryHost: committedRegistryHost(stackFiles, environment),
    strategy: required(file, ({ images }) => images.strategy),
    domain: committed(file).domain,
  };
}
