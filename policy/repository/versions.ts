import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "../../catalog/finding.ts";
import type { Catalog } from "../../catalog/read.ts";
import { readServiceFile, serviceFileOf } from "../../catalog/service.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { environments } from "../../config/environments.ts";
import type { Subject } from "../evaluate.ts";
import { releaseName } from "../subjects.ts";

/** The text of a file before the change under review; undefined where it was not there, or nothing is compared. */
export type Before = (file: string) => string | undefined;

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

/** Each service's version: beside that of the environment before its own, and beside what it was. */
export function versionSubjects(
  root: string,
  catalog: Catalog,
  catalogs: readonly Catalog[],
  before: Before,
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
      earlier: earlier?.services.find((service) => service.name === name)?.tag,
      isHeld: hold !== undefined,
      // A hold that this very change brings is no reason.
      isEarlierHeld: earlier !== undefined && versionAtBase(earlier, name, before)?.isHeld === true,
    },
    where: releaseName(name),
    at: ({ path }) =>
      readYaml(file, readFileSync(join(root, file), "utf8")).placeOf(path.split("."), "value"),
  }));
}
