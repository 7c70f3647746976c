import { committed } from "../config/committed.ts";
import { registryHost } from "../config/schema.ts";
import { engineSettings } from "../config/stack-files.ts";
import type { Context } from "./rule.ts";

/** What rules know of a stack beside its environment. */
export type Platform = Omit<Context, "environment">;

/** Stands where the settings do not say; nothing that is compared with it is equal. */
const missing = "(not known: the stack's settings did not reach the rules)";

/**
 * What the rules need of a stack's settings, keyed `idp:<group>` with values as the engine hands them over: JSON text.
 * What is missing is replaced by text that equals nothing, so that the rules fail closed.
 */
export function platformOf(config: Readonly<Record<string, string | undefined>>): Platform {
  const settings = committed({ settings: engineSettings(config) });
  const { aws, repository } = settings;
  const { accountId, region } = aws;
  return {
    accountId: accountId ?? missing,
    registryHost: accountId && region ? registryHost({ accountId, region }) : missing,
    repositoryUrl: repository.url ?? missing,
    branch: repository.branch ?? missing,
    settings,
  };
}
