import { z } from "zod";
import { registryHost } from "../config/schema.ts";
import type { Context } from "./rule.ts";

/** What rules know of a stack beside its environment. */
export type Platform = Omit<Context, "environment">;

/** Stands where the settings do not say; nothing that is compared with it is equal. */
const missing = "(not known: the stack's settings did not reach the rules)";

const Account = z.object({ accountId: z.string(), region: z.string() });
const Repository = z.object({ url: z.string(), branch: z.string() });

/**
 * What the rules need of a stack's settings, keyed `idp:<group>` with values as the engine hands them over: JSON text.
 * What is missing is replaced by text that equals nothing, so that the rules fail closed.
 */
export function platformOf(config: Readonly<Record<string, string | undefined>>): Platform {
  const account = Account.safeParse(jsonOf(config["idp:aws"])).data;
  const repository = Repository.safeParse(jsonOf(config["idp:repository"])).data;
  return {
    accountId: account?.accountId ?? missing,
    registryHost: account ? registryHost(account) : missing,
    repositoryUrl: repository?.url ?? missing,
    branch: repository?.branch ?? missing,
  };
}

function jsonOf(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : (JSON.parse(json) as unknown);
  } catch {
    return undefined;
  }
}
