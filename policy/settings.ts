import type { Committed } from "../config/committed.ts";
import type { Violation } from "./rule.ts";
import { violation } from "./values.ts";

/** The groups of the settings that rules look into. */
type Group = "aws" | "repository" | "network" | "cluster" | "argoCd" | "images" | "github";

/** A setting's name, such as `argoCd.sync`. */
export type SettingKey = {
  [G in Group]: `${G}.${Extract<keyof Committed[G], string>}`;
}[Group];

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
