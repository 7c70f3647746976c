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
  version: ({ tag, key, earlier, isEarlierHeld }) => {
    const allowed =
      earlier === undefined
        ? "must be a service that staging has, too"
        : `must not be newer than ${earlier}, which staging runs`;
    // Staging that was taken back and is held says nothing of what it ran before: a warning of the check does.
    return earlier !== undefined && (isEarlierHeld || compareReleases(tag, earlier) <= 0)
      ? []
      : [{ path: key, found: shown(tag), allowed }];
  },
};
