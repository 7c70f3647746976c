import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../../catalog/finding.ts";
import type { Catalog } from "../../catalog/read.ts";
import { readServiceFile } from "../../catalog/service.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { environments } from "../../config/environments.ts";
import type { Context, Rule, ServiceVersion } from "../rule.ts";
import { findingsOf } from "./findings.ts";

/** The text of a file before the change under review; undefined where it was not there, or nothing is compared. */
export type Before = (file: string) => string | undefined;

/** The rules over each service's version: against the environment before its own, and against what it was. */
export function versionFindings(
  root: string,
  rules: readonly Rule[],
  catalog: Catalog,
  catalogs: readonly Catalog[],
  context: Context,
  before: Before,
): Finding[] {
  const earlierEnvironment = environments[environments.indexOf(catalog.environment) - 1];
  const earlier = catalogs.find(({ environment }) => environment === earlierEnvironment);
  return catalog.services.flatMap(({ name, file, tag, hold }) => {
    const version: ServiceVersion = {
      tag,
      key: hold ? "hold.tag" : "image.tag",
      // What was broken before is no measure.
      before: readServiceFile(before(file) ?? "")?.tag,
      earlier: earlier?.services.find((service) => service.name === name)?.tag,
      isHeld: hold !== undefined,
    };
    return rules.flatMap((rule) =>
      findingsOf(rule, catalog.environment, rule.version?.(version, context) ?? [], ({ path }) =>
        readYaml(file, readFileSync(join(root, file), "utf8")).placeOf(path.split("."), "value"),
      ),
    );
  });
}
