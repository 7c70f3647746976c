import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Finding } from "../../catalog/finding.ts";
import type { Catalog } from "../../catalog/read.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { environments } from "../../config/environments.ts";
import type { Context, Rule } from "../rule.ts";
import { at, isAbsent, textOf } from "../values.ts";
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
  return catalog.services.flatMap(({ name, file, image }) => {
    const text = readFileSync(join(root, file), "utf8");
    const version = {
      tag: image.tag,
      key: heldTagIn(text) === undefined ? ("image.tag" as const) : ("hold.tag" as const),
      before: tagIn(before(file)),
      earlier: earlier?.services.find((service) => service.name === name)?.image.tag,
      isHeld: isHeld(text),
    };
    return rules.flatMap((rule) =>
      findingsOf(rule, catalog.environment, rule.version?.(version, context) ?? [], ({ path }) =>
        readYaml(file, text).placeOf(path.split("."), "value"),
      ),
    );
  });
}

function tagIn(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return heldTagIn(text) ?? (textOf(at(parse(text), "image", "tag")) || undefined);
  } catch {
    // What was broken before is no measure.
    return undefined;
  }
}

function heldTagIn(text: string): string | undefined {
  return textOf(at(parse(text), "hold", "tag")) || undefined;
}

/** Whether a service file says that its version is meant to stay, or to be an older one. */
export function isHeld(text: string): boolean {
  return !isAbsent(at(parse(text), "hold")) || /^\s+tag:[^#\n]*#\s*rollback:\s*\S/m.test(text);
}
