import { argoCd, isKind } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, listOf, unknownValue, violation } from "../values.ts";

const isOpen = (value: unknown): boolean => value === "*" || value === unknownValue;

export const projectsAreNarrow: Rule = {
  name: "projects-are-narrow",
  reason: "An Application can do what its project allows: with `*` that is everything.",
  fix: "name the repositories, the cluster and the cluster-wide kinds in the AppProject, and deny the namespace argocd",
  severity: "high",
  link: "https://argo-cd.readthedocs.io/en/stable/user-guide/projects/",
  levels: everywhere,
  unknown: "refuse",
  manifest: (manifest) => {
    if (!isKind(manifest, argoCd, ["AppProject"])) return [];
    const destinations = listOf(at(manifest, "spec", "destinations"));
    const guardsItself = destinations.some((item) => at(item, "namespace") === "!argocd");
    return [
      ...listOf(at(manifest, "spec", "sourceRepos")).flatMap((repository, index) =>
        isOpen(repository)
          ? [violation(["spec", "sourceRepos", index], repository, "must name one repository")]
          : [],
      ),
      ...destinations.flatMap((destination, index) => [
        ...["server", "name"].flatMap((key) => {
          const cluster = at(destination, key);
          return isOpen(cluster)
            ? [violation(["spec", "destinations", index, key], cluster, "must name one cluster")]
            : [];
        }),
        ...(isOpen(at(destination, "namespace")) && !guardsItself
          ? [
              violation(
                ["spec", "destinations", index, "namespace"],
                at(destination, "namespace"),
                'must stand beside a denial of "!argocd"',
              ),
            ]
          : []),
      ]),
      ...listOf(at(manifest, "spec", "clusterResourceWhitelist")).flatMap((allowed, index) =>
        ["group", "kind"].flatMap((key) => {
          const value = at(allowed, key);
          return isOpen(value)
            ? [
                violation(
                  ["spec", "clusterResourceWhitelist", index, key],
                  value,
                  "must name one kind",
                ),
              ]
            : [];
        }),
      ),
    ];
  },
};
