import { argoCd, isKind } from "../manifests.ts";
import { prodOnly, type Rule } from "../rule.ts";
import { settingMustBe } from "../settings.ts";
import { firstUnknown, isAbsent, unknownValue, violation, within } from "../values.ts";

const allowed = "must not be there: in prod a person starts every sync";

/** What makes a sync start by itself, by the key that switches it on, wherever that stands inside the object. */
const switches: Readonly<Record<string, (value: unknown) => boolean>> = {
  // Switched on by an empty map, too.
  automated: (value) => !isAbsent(value),
  // Text that is merged over the template: could bring any of the others.
  templatePatch: (value) => !isAbsent(value) && value !== "",
  // Syncs the Applications step by step by itself.
  rollingSync: (value) => !isAbsent(value),
  // A sync under way, or asked for.
  operation: (value) => !isAbsent(value),
};

export const prodApplicationsSyncManually: Rule = {
  name: "prod-applications-sync-manually",
  reason: "A person starts every change of prod, whoever wrote it and however it gets there.",
  fix: 'leave syncPolicy.automated, templatePatch, rollingSync and operation out; idp:argoCd.sync is "manual" in Pulumi.prod.yaml',
  severity: "critical",
  link: "https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/",
  levels: prodOnly,
  unknown: "refuse",
  manifest: (manifest) => {
    if (!isKind(manifest, argoCd, ["Application", "ApplicationSet"])) return [];
    const hidden = firstUnknown(manifest);
    return [
      ...(hidden ? [violation(hidden, unknownValue, "must be written out in prod")] : []),
      ...[...within(manifest)].flatMap(({ path, value }) => {
        const isOn = switches[String(path.at(-1))]?.(value) ?? false;
        return isOn ? [violation(path, value, allowed)] : [];
      }),
    ];
  },
  settings: settingMustBe("argoCd", "sync", "manual", "in prod"),
};
