import { prodImagesChangeByPullRequest } from "../../policy/rules/prod-images-change-by-pull-request.ts";
import { unknownValue } from "../../policy/values.ts";
import { applications, deployment, container, describeRule, settings } from "./support.ts";

const allowed = "must not be there: in prod a pull request changes a version, nothing else does";

describeRule(prodImagesChangeByPullRequest, "manifest", applications, [
  {
    title: "refuses an ImageUpdater",
    at: [],
    value: { apiVersion: "argocd-image-updater.argoproj.io/v1alpha1", kind: "ImageUpdater" },
    expected: [`kind: found "ImageUpdater"; ${allowed}`],
  },
  {
    title: "refuses what may be one",
    at: [],
    value: { apiVersion: "argocd-image-updater.argoproj.io/v1alpha1", kind: unknownValue },
    expected: [`kind: found a value that is not known before the update; ${allowed}`],
  },
  {
    title: "refuses the annotations of older releases, in the template as well",
    at: ["spec", "template", "metadata", "annotations"],
    value: { "argocd-image-updater.argoproj.io/image-list": "a=b", other: "c" },
    expected: [
      `spec.template.metadata.annotations.argocd-image-updater.argoproj.io/image-list: found "a=b"; ${allowed}`,
    ],
  },
  {
    title: "ignores the same keys elsewhere",
    at: ["spec", "template", "metadata", "labels"],
    value: { "argocd-image-updater.argoproj.io/image-list": "a=b" },
    expected: [],
  },
]);

describeRule(prodImagesChangeByPullRequest, "manifest", deployment, [
  {
    title: "refuses Image Updater itself",
    at: [...container, "image"],
    value: "quay.io/argoprojlabs/argocd-image-updater:v1.3.0",
    expected: [
      `spec.template.spec.containers[0].image: found "quay.io/argoprojlabs/argocd-image-updater:v1.3.0"; ${allowed}`,
    ],
  },
]);

describeRule(
  prodImagesChangeByPullRequest,
  "settings",
  settings({ images: { strategy: "pinned" } }),
  [
    {
      title: "refuses a strategy that changes images",
      at: ["images", "strategy"],
      value: "semver",
      expected: ['images.strategy: found "semver"; must be "pinned" in prod'],
    },
  ],
);
