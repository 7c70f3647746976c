import { containersOf, imageUpdater, isKind } from "../manifests.ts";
import { prodOnly, type Rule } from "../rule.ts";
import { settingMustBe } from "../settings.ts";
import { at, entriesOf, textOf, violation, within } from "../values.ts";

const allowed = "must not be there: in prod a pull request changes a version, nothing else does";

export const prodImagesChangeByPullRequest: Rule = {
  name: "prod-images-change-by-pull-request",
  reason: "A new image reaches prod only after somebody has approved it.",
  fix: 'take the image updates out; idp:images.strategy is "pinned" in Pulumi.prod.yaml',
  severity: "critical",
  link: "https://argocd-image-updater.readthedocs.io/",
  levels: prodOnly,
  unknown: "refuse",
  manifest: (manifest) => [
    ...(isKind(manifest, imageUpdater, ["ImageUpdater"])
      ? [violation(["kind"], manifest["kind"], allowed)]
      : []),
    ...containersOf(manifest).flatMap(({ path, spec }) => {
      const image = at(spec, "image");
      return textOf(image).includes("argocd-image-updater")
        ? [violation([...path, "image"], image, allowed)]
        : [];
    }),
    ...[...within(manifest)].flatMap(({ path, value }) =>
      path.at(-1) === "annotations"
        ? entriesOf(value)
            .filter(([key]) => key.startsWith("argocd-image-updater.argoproj.io/"))
            .map(([key, text]) => violation([...path, key], text, allowed))
        : [],
    ),
  ],
  settings: settingMustBe("images", "strategy", "pinned", "in prod"),
};
