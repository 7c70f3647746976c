import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compareReleases } from "../../catalog/compare-releases.ts";
import { finding, type Finding } from "../../catalog/finding.ts";
import type { Catalog } from "../../catalog/read.ts";
import { readServiceFile } from "../../catalog/service.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { versionAtBase, type Before } from "./versions.ts";

/**
 * Returns a warning for each service whose release in prod staging does not stand for: one that the change under review
 * brings while staging names or holds another, and one that is higher than what staging was taken back to and is held at.
 *
 * What staging never had is the rule releases-pass-through-staging's to refuse.
 *
 * @param before texts at the commit that the change is compared with; what staging says there counts
 */
export function promotionFindings(
  root: string,
  catalogs: readonly Catalog[],
  before: Before,
): Finding[] {
  const [staging, prod] = ["staging", "prod"].map((name) =>
    catalogs.find(({ environment }) => environment === name),
  );
  if (!staging || !prod) return [];
  return prod.services.flatMap(({ name, file, tag, hold }) => {
    const ground = versionAtBase(staging, name, before);
    if (ground === undefined || ground.tag === tag) return [];
    const was = readServiceFile(before(file) ?? "")?.tag;
    const isPromoted = hold === undefined && was !== undefined && compareReleases(tag, was) > 0;
    const isAhead = ground.isHeld && compareReleases(tag, ground.tag) > 0;
    if (!isPromoted && !isAhead) return [];
    const here = staging.services.find((service) => service.name === name);
    // The rule says it already.
    if (!ground.isHeld && here && compareReleases(tag, here.tag) > 0) return [];
    const key = hold ? "hold.tag" : "image.tag";
    const yaml = readYaml(file, readFileSync(join(root, file), "utf8"));
    return [
      finding(yaml.placeOf(key.split("."), "value"), {
        rule: "staging-stands-for-prod",
        level: "warning",
        where: `Release ${name}`,
        key,
        found: `"${tag}"`,
        allowed: `should be ${ground.tag}, which staging ${ground.isHeld ? "holds" : "names"}`,
        reason: "What staging was taken back from may be what prod should not get.",
        fix: isPromoted
          ? `close the pull request, or merge it when staging has ${tag} again: idp status ${name}`
          : `take prod back, too: idp rollback ${name} prod --to ${ground.tag}; or when staging may go on: idp unhold ${name} staging`,
      }),
    ];
  });
}
