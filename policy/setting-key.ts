import type { Committed } from "../config/committed.ts";

/** The groups of the settings that rules look into. */
export type Group = "aws" | "repository" | "network" | "cluster" | "argoCd" | "images" | "github";

/** A setting's name, such as `argoCd.sync`. */
export type SettingKey = {
  [G in Group]: `${G}.${Extract<keyof Committed[G], string>}`;
}[Group];
