import type { Committed } from "../config/committed.ts";
import type { Violation } from "./rule.ts";
import type { Group } from "./setting-key.ts";
import { violation } from "./values.ts";

/**
 * A look at the settings that asks for one value.
 * @param where as part of the sentence, such as `in prod`; everywhere when it is left out
 */
export function settingMustBe<G extends Group, K extends Extract<keyof Committed[G], string>>(
  group: G,
  key: K,
  wanted: Committed[G][K],
  where = "",
): (settings: Committed) => Violation[] {
  const allowed = ["must be", JSON.stringify(wanted), where].filter(Boolean).join(" ");
  return ({ [group]: { [key]: found } }) =>
    found === wanted ? [] : [violation([group, key], found, allowed)];
}
