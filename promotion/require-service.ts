import { formatFinding } from "../catalog/finding.ts";
import { nearest } from "../catalog/nearest.ts";
import { nameOf, readServiceFile, serviceFileFindings, serviceFileOf } from "../catalog/service.ts";
import type { Environment } from "../config/environments.ts";
import type { Change, Repository } from "./repository.ts";
import type { NamedService } from "./services.ts";
import type { Snapshot } from "./workspace.ts";

/**
 * Returns the service of this name in an environment.
 * @throws InvalidService when its file is not valid; Error that lists the existing services when there is none
 */
export async function requireService(
  repository: Repository,
  { commit, files, services }: Snapshot,
  environment: Environment,
  name: string,
): Promise<NamedService> {
  const own = services.filter((service) => service.environment === environment);
  const found = own.find((service) => service.name === name);
  if (found) return found;
  const path = serviceFileOf(environment, name);
  const text = files.get(path);
  if (text !== undefined) {
    throw new InvalidService(path, text, await lastValid(repository, commit, path));
  }
  const names = own.map((service) => service.name);
  const meant = nearest(name, names);
  throw new Error(
    `${environment} has no service "${name}"${meant ? `; did you mean ${meant}?` : "."} There are: ${names.join(", ") || "none"}.\nNothing was changed. Fix: a service is a file ${serviceFileOf(environment, "<service>")}`,
  );
}

/** Where a file stopped to be valid. */
export interface LastValid {
  /** The commit that broke it; undefined where the history does not reach back to it. */
  readonly broken: Change | undefined;
  /** The last valid version; undefined when there was none. */
  readonly valid: (Change & { readonly text: string }) | undefined;
}

/** Returns where a file that is not valid stopped to be so, along its history of at most 200 commits. */
export async function lastValid(
  repository: Repository,
  commit: string,
  path: string,
): Promise<LastValid> {
  const history = await repository.history(commit, path);
  const index = history.findIndex(({ text }) => readServiceFile(text ?? "") !== undefined);
  const valid = history[index];
  return {
    broken: history.at(index < 0 ? -1 : Math.max(index - 1, 0)),
    valid: valid?.text === undefined ? undefined : { ...valid, text: valid.text },
  };
}

/** A service's file is there but not valid. The message has every finding, the commit that brought it, and the ways out. */
export class InvalidService extends Error {
  override readonly name = "InvalidService";
  readonly text: string;
  readonly last: LastValid;

  constructor(path: string, text: string, last: LastValid) {
    const back = last.valid && `, or bring back the text before: ${rollbackOf(path)}`;
    super(
      `${path} is not valid${sinceText(last)}:\n${serviceFileFindings(path, text).map(formatFinding).join("\n")}\nNothing was changed. Fix: correct it on the branch${back ?? ""}`,
    );
    this.text = text;
    this.last = last;
  }
}

/** Which commit broke a file, in words: ` since abc1234 (Ann: Raise replicas)`. */
export function sinceText({ broken }: LastValid): string {
  return broken ? ` since ${broken.commit.slice(0, 7)} (${broken.author}: ${broken.subject})` : "";
}

/** The command that brings back the last valid text of a service file. */
export function rollbackOf(path: string): string {
  const [environment = ""] = path.slice(path.indexOf("applications/") + 13).split("/");
  return `idp rollback ${nameOf(path)} ${environment}`;
}
