import { compareReleases } from "../../catalog/compare-releases.ts";
import { prodOnly, type Rule } from "../rule.ts";
import { shown } from "../values.ts";

export const releasesPassThroughStaging: Rule = {
  name: "releases-pass-through-staging",
  reason: "What prod runs has run in staging before.",
  fix: "let staging run the release first",
  severity: "high",
  link: "../ARCHITECTURE.md",
  levels: prodOnly,
  unknown: "wait",
  version: ({ tag, key, earlier }) => {
    const allowed =
      earlier === undefined
        ? "must be a service that staging has, too"
        : `must not be newer than ${earlier}, which staging has had`;
    return earlier !== undefined && compareReleases(tag, earlier) <= 0
      ? []
      : [{ path: key, found: shown(tag), allowed }];
  },
};
