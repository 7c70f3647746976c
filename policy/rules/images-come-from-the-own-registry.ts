import { containersOf, imageUpdater, isKind } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, textOf, violation, within } from "../values.ts";

export const imagesComeFromTheOwnRegistry: Rule = {
  name: "images-come-from-the-own-registry",
  reason: "Each account pulls from its own ECR only: a mistake in another account cannot reach it.",
  fix: "write the host of this environment's own registry",
  severity: "high",
  link: "../docs/services.md",
  levels: everywhere,
  unknown: "refuse",
  workload: (manifest, { registryHost }) =>
    containersOf(manifest).flatMap(({ path, spec }) => {
      const image = at(spec, "image");
      return textOf(image).startsWith(`${registryHost}/`)
        ? []
        : [violation([...path, "image"], image, `must begin with ${registryHost}/`)];
    }),
  manifest: (manifest, { registryHost }) =>
    isKind(manifest, imageUpdater, ["ImageUpdater"])
      ? [...within(manifest)].flatMap(({ path, value }) =>
          path.at(-1) === "imageName" && !textOf(value).startsWith(`${registryHost}/`)
            ? [violation(path, value, `must begin with ${registryHost}/`)]
            : [],
        )
      : [],
};
