import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compareReleases } from "../../catalog/compare-releases.ts";
import type { Place } from "../../catalog/finding.ts";
import type { Catalog } from "../../catalog/read.ts";
import { readServiceFile, serviceFileOf } from "../../catalog/service.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { environments } from "../../config/environments.ts";
import type { Subject } from "../evaluate.ts";
import { releaseName } from "../subjects.ts";

/** The text of a file before the change under review; undefined where it was not there, or nothing is compared. */
export type Before = (file: string) => string | undefined;

/** The versions that a service file has named where the change under review goes to, by git's history, in any order. */
export type Had = (file: string) => readonly string[];

/** What a service file says of its version. */
interface Version {
  readonly tag: string;
  /** Whether a hold says it. */
  readonly isHeld: boolean;
}

/** Returns what a service's file says where the change under review goes to; what it says here if nothing is compared. */
export function versionAtBase(catalog: Catalog, name: string, before: Before): Version | undefined {
  const there = readServiceFile(before(serviceFileOf(catalog.environment, name)) ?? "");
  const content = there ?? catalog.services.find((service) => service.name === name);
  return content && { tag: content.tag, isHeld: content.hold !== undefined };
}

/**
 * The highest version that a later environment may have, too: the one that this environment's file names. Where it was
 * taken back and is held, also what git's history says that it had before: a rollback leaves no trace in the file. A hold
 * that this very change brings does not count.
 */
function passed(catalog: Catalog, name: string, before: Before, had: Had): string | undefined {
  const tag = catalog.services.find((service) => service.name === name)?.tag;
  if (tag === undefined || !versionAtBase(catalog, name, before)?.isHeld) return tag;
  return had(serviceFileOf(catalog.environment, name)).reduce(
    (highest, one) => (compareReleases(one, highest) > 0 ? one : highest),
    tag,
  );
}

/** Each service's version: beside that of the environment before its own, and beside what it was. */
export function versionSubjects(
  root: string,
  catalog: Catalog,
  catalogs: readonly Catalog[],
  before: Before,
  had: Had,
): Subject<"version", Place>[] {
  const earlierEnvironment = environments[environments.indexOf(catalog.environment) - 1];
  const earlier = catalogs.find(({ environment }) => environment === earlierEnvironment);
  return catalog.services.map(({ name, file, tag, hold }) => ({
    face: "version",
    value: {
      tag,
      key: hold ? "hold.tag" : "image.tag",
      // What was broken before is no measure.
      before: readServiceFile(before(file) ?? "")?.tag,
      earlier: earlier && passed(earlier, name, before, had),
      isHeld: hold !== undefined,
    },
    where: releaseName(name),
    at: ({ path }) =>
      readYaml(file, readFileSync(join(root, file), "utf8")).placeOf(path.split("."), "value"),
  }));
}
