import { argoCd, isKind } from "../manifests.ts";
import { prodOnly, type Rule } from "../rule.ts";
import { at, listOf, unknownValue, violation } from "../values.ts";

/** Ways of an ApplicationSet to look after its Applications that never delete one. */
const keeping: readonly unknown[] = ["create-update", "create-only"];

export const prodResourcesOutliveTheirApplication: Rule = {
  name: "prod-resources-outlive-their-application",
  reason: "A deleted file or ApplicationSet must not take a running service of prod with it.",
  fix: "set preserveResourcesOnDeletion: true and applicationsSync: create-update, and no finalizers in the template",
  severity: "critical",
  link: "https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Controlling-Resource-Modification/",
  levels: prodOnly,
  unknown: "refuse",
  follows: ["argoCd.sync", "cluster.deletionProtection"],
  manifest: (manifest) => {
    if (!isKind(manifest, argoCd, ["ApplicationSet"])) return [];
    const preserve = at(manifest, "spec", "syncPolicy", "preserveResourcesOnDeletion");
    const sync = at(manifest, "spec", "syncPolicy", "applicationsSync");
    const finalizers = at(manifest, "spec", "template", "metadata", "finalizers");
    return [
      ...(preserve === true
        ? []
        : [
            violation(
              ["spec", "syncPolicy", "preserveResourcesOnDeletion"],
              preserve,
              "must be true in prod",
            ),
          ]),
      ...(keeping.includes(sync)
        ? []
        : [
            violation(
              ["spec", "syncPolicy", "applicationsSync"],
              sync,
              `must be one of ${keeping.join(", ")} in prod`,
            ),
          ]),
      ...(finalizers === unknownValue || listOf(finalizers).length > 0
        ? [
            violation(
              ["spec", "template", "metadata", "finalizers"],
              finalizers,
              "must be empty in prod: a finalizer deletes what the Application made",
            ),
          ]
        : []),
    ];
  },
};
