import { withoutIds } from "../../lib/github-address.ts";
import { argoCd, isKind } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, listOf, violation, within } from "../values.ts";

/** The twin's git server. On AWS nothing answers there: an Argo CD's own Pod is meant. */
const twins = /^http:\/\/127\.0\.0\.1:\d+\//;

export const applicationsComeFromThisRepository: Rule = {
  name: "applications-come-from-this-repository",
  reason: "What runs is what was reviewed here; another repository has other reviewers.",
  fix: "write the address of idp:repository.url",
  severity: "high",
  link: "https://argo-cd.readthedocs.io/en/stable/user-guide/projects/#managing-projects",
  levels: everywhere,
  unknown: "refuse",
  manifest: (manifest, { repositoryUrl }) => {
    const allowed = `must be ${repositoryUrl}`;
    if (isKind(manifest, argoCd, ["AppProject"])) {
      return listOf(at(manifest, "spec", "sourceRepos")).flatMap((url, index) =>
        url === repositoryUrl ? [] : [violation(["spec", "sourceRepos", index], url, allowed)],
      );
    }
    if (!isKind(manifest, argoCd, ["Application", "ApplicationSet"])) return [];
    return [...within(manifest)].flatMap(({ path, value }) =>
      path.at(-1) === "repoURL" && value !== repositoryUrl ? [violation(path, value, allowed)] : [],
    );
  },
  settings: ({ repository: { url }, github }) => {
    const wanted = `https://github.com/${withoutIds(github.repository ?? "(nothing)")}`;
    return url === wanted || twins.test(String(url))
      ? []
      : [violation(["repository", "url"], url, `must be ${wanted}, as idp:github.repository says`)];
  },
};
