import { readFileSync } from "node:fs";
import { join } from "node:path";
import { environments, type Environment } from "../config/environments.ts";
import { identityIn } from "./facts.ts";

/** Where the lists are, below the pack's folder. */
const allowedFolder = "allowed";

/** The lists: what every stack may hold, and what one environment's may beside it. */
export const lists = ["everywhere", ...environments] as const;
export type List = (typeof lists)[number];

/** The lines about each resource that a stack may hold, by the resource's own line. */
type Listed = ReadonlyMap<string, ReadonlySet<string>>;

/** What the stack of each environment may hold. */
export type Allowed = Readonly<Record<Environment, Listed>>;

/** The lines of a list in the pack's folder, without its comments. */
export function linesOf(folder: string, list: List): string[] {
  return readFileSync(fileOf(folder, list), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** The file of a list. */
export function fileOf(folder: string, list: List): string {
  return join(folder, allowedFolder, `${list}.txt`);
}

/** The lists in a pack's folder. */
function readAllowed(folder: string): Allowed {
  const everywhere = linesOf(folder, "everywhere");
  return allowedBy((environment) => [...everywhere, ...linesOf(folder, environment)]);
}

/** The committed lists. */
export const committedLists = readAllowed(import.meta.dirname);

/** What the stack of each environment may hold, by its lines. */
export function allowedBy(lines: (environment: Environment) => readonly string[]): Allowed {
  const listed = (environment: Environment) => byResource(lines(environment));
  return { dev: listed("dev"), staging: listed("staging"), prod: listed("prod") };
}

function byResource(lines: readonly string[]): Listed {
  const listed = new Map<string, Set<string>>();
  for (const line of lines) {
    const identity = identityIn(line);
    const about = listed.get(identity) ?? new Set<string>();
    listed.set(identity, about);
    about.add(line);
  }
  return listed;
}
