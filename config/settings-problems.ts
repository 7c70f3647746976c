import { conflictsWith } from "./neighbours.ts";
import { problemsOf, type Problem } from "./problems.ts";
import { ConsistentSettings, githubAppKey, type Settings } from "./schema.ts";
import type { StackFile } from "./stack-files.ts";

/** A stack's settings, or everything that is wrong with them. */
export type ReadSettings =
  | { readonly settings: Settings; readonly problems?: never }
  | { readonly settings?: never; readonly problems: readonly Problem[] };

/**
 * Reads a stack's settings as a run does: by their schema, then beside the other environments'.
 * @param raw by key without namespace; the secret among them is not looked at
 */
export function readSettings(
  raw: StackFile["settings"],
  neighbours: readonly StackFile[],
): ReadSettings {
  const plain = Object.fromEntries(Object.entries(raw).filter(([key]) => key !== githubAppKey));
  const parsed = ConsistentSettings.safeParse(plain);
  if (!parsed.success) return { problems: problemsOf(parsed.error, plain) };
  const problems = conflictsWith(parsed.data, neighbours);
  return problems.length > 0 ? { problems } : { settings: parsed.data };
}
