import { mainBranch } from "../../config/main-branch.ts";
import { argoCd, isKind } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { settingMustBe } from "../settings.ts";
import { violation, within } from "../values.ts";

export const applicationsFollowTheMainBranch: Rule = {
  name: "applications-follow-the-main-branch",
  reason: "Only the main branch holds what was reviewed.",
  fix: `write ${mainBranch}`,
  severity: "high",
  link: "https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/",
  levels: everywhere,
  unknown: "refuse",
  manifest: (manifest) =>
    isKind(manifest, argoCd, ["Application", "ApplicationSet"])
      ? [...within(manifest)].flatMap(({ path, value }) =>
          ["revision", "targetRevision"].includes(String(path.at(-1))) && value !== mainBranch
            ? [violation(path, value, `must be ${mainBranch}`)]
            : [],
        )
      : [],
  settings: settingMustBe("repository", "branch", mainBranch),
};
