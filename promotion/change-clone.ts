import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { committedRules } from "../catalog/committed-rules.ts";
import { formatFinding } from "../catalog/finding.ts";
import { inspectCatalog } from "../catalog/read.ts";
import { serviceFileOf, type Service } from "../catalog/service.ts";
import { environments, type Environment } from "../config/environments.ts";
import { readSettings } from "../config/settings-problems.ts";
import { readStackFiles, stackFileOf, type StackFile } from "../config/stack-files.ts";
import { messageOf } from "../lib/message-of.ts";

/** What the readers of a clone find in it. */
export interface CloneState {
  /** The valid services by environment and name. */
  readonly services: Readonly<Record<Environment, Readonly<Record<string, Service>>>>;
  /** The settings as they stand in each stack file, by environment. */
  readonly settings: Readonly<Partial<Record<Environment, StackFile["settings"]>>>;
}

/**
 * Changes files of one service in a clone, and the stack files. Everything is read again then, by the readers of `idp check`
 * and of the program: it must mean what is wanted, and nothing may be wrong that was not before.
 *
 * @param change writes the files; returns what is wanted by what was there
 * @throws Error that says why not; then every file is as it was
 */
export async function changeClone(
  root: string,
  service: string,
  change: (before: CloneState) => CloneState | Promise<CloneState>,
): Promise<void> {
  const before = await read(root);
  const paths = environments.flatMap((environment) => [
    join(root, serviceFileOf(environment, service)),
    join(root, stackFileOf(environment)),
  ]);
  const texts = paths.map((path) => (existsSync(path) ? readFileSync(path) : undefined));
  try {
    const wanted = await change(before.state);
    const after = await read(root);
    const wrong = after.wrong.filter((line) => !before.wrong.includes(line));
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
    if (!isDeepStrictEqual(after.state, wanted)) {
      throw new Error("Read again, the files mean something else than was asked for.");
    }
  } catch (error) {
    for (const [index, path] of paths.entries()) {
      const text = texts[index];
      if (text === undefined) rmSync(path, { force: true });
      else writeFileSync(path, text);
    }
    throw new Error(
      `${messageOf(error)}\nNothing was changed. Fix: write ${environments.map((environment) => serviceFileOf(environment, service)).join(", ")} and idp:github.publishers by hand, then npx idp check`,
      { cause: error },
    );
  }
}

/** @returns the state, and what is wrong with it: one text each, without line where another change could move it */
async function read(
  root: string,
): Promise<{ readonly state: CloneState; readonly wrong: readonly string[] }> {
  const rules = committedRules(root);
  const stackFiles = readStackFiles(root);
  const catalogs = await Promise.all(
    environments.map((environment) => inspectCatalog(root, environment, rules[environment])),
  );
  const servicesIn = (environment: Environment) =>
    Object.fromEntries(
      catalogs
        .filter((catalog) => catalog.environment === environment)
        .flatMap(({ services }) => services.map((service) => [service.name, service])),
    );
  return {
    state: {
      services: {
        dev: servicesIn("dev"),
        staging: servicesIn("staging"),
        prod: servicesIn("prod"),
      },
      settings: Object.fromEntries(
        stackFiles.map(({ environment, settings }) => [environment, settings]),
      ),
    },
    wrong: [
      ...catalogs.flatMap(({ findings }) => findings.map(formatFinding)),
      ...stackFiles.flatMap(({ file, environment, settings }) => {
        const neighbours = stackFiles.filter((other) => other.environment !== environment);
        return (readSettings(settings, neighbours).problems ?? []).map(
          ({ key, found, allowed }) => `${file}: idp:${key}: found ${found}; ${allowed}`,
        );
      }),
    ],
  };
}
