import { compareReleases } from "../../catalog/compare-releases.ts";
import { type Rule } from "../rule.ts";
import { shown } from "../values.ts";

export const versionsGoForward: Rule = {
  name: "versions-go-forward",
  reason: "An older version by mistake undoes fixes; on purpose it says so.",
  fix: "write the newer version, or hold the service at this one with a `hold` key: idp rollback <service> <environment>",
  severity: "medium",
  link: "../docs/services.md",
  levels: { dev: "disabled", staging: "mandatory", prod: "mandatory" },
  unknown: "wait",
  version: ({ tag, key, before, isHeld }) =>
    before === undefined || isHeld || compareReleases(tag, before) >= 0
      ? []
      : [{ path: key, found: shown(tag), allowed: `must not be older than ${before}` }],
};
