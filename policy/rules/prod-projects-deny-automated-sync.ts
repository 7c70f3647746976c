import { argoCd, isKind } from "../manifests.ts";
import { prodOnly, type Rule } from "../rule.ts";
import { at, isAbsent, listOf, violation } from "../values.ts";

/** A window that is open all day and lets people through. */
const allDay = { kind: "deny", schedule: "0 0 * * *", duration: "24h", manualSync: true };

function isAlwaysDenying(window: unknown): boolean {
  return (
    Object.entries(allDay).every(([key, value]) => at(window, key) === value) &&
    listOf(at(window, "applications")).includes("*")
  );
}

export const prodProjectsDenyAutomatedSync: Rule = {
  name: "prod-projects-deny-automated-sync",
  reason:
    "An automated sync that somebody switches on in the cluster by hand stays without effect.",
  fix: 'idp:argoCd.sync is "manual" in Pulumi.prod.yaml; another AppProject needs the sync window {kind: deny, schedule: "0 0 * * *", duration: 24h, applications: ["*"], manualSync: true}',
  severity: "high",
  link: "https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/",
  levels: prodOnly,
  unknown: "refuse",
  follows: ["argoCd.sync"],
  manifest: (manifest) => {
    if (!isKind(manifest, argoCd, ["AppProject"])) return [];
    const destinations = at(manifest, "spec", "destinations");
    // What deploys nowhere syncs nothing.
    if (isAbsent(destinations) || (Array.isArray(destinations) && destinations.length === 0)) {
      return [];
    }
    const windows = at(manifest, "spec", "syncWindows");
    return listOf(windows).some(isAlwaysDenying)
      ? []
      : [
          violation(
            ["spec", "syncWindows"],
            windows,
            "must deny every Application all day, people's syncs excepted",
          ),
        ];
  },
};
