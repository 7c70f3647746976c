import type { Environment } from "../../config/environments.ts";
import { containersOf } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, textOf, violation } from "../values.ts";

const release = {
  pattern: /:v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/,
  allowed: "must end in :v<major>.<minor>.<patch>: this environment runs releases",
};
const tags: Readonly<Record<Environment, { readonly pattern: RegExp; readonly allowed: string }>> =
  {
    dev: {
      pattern: /:sha-[0-9a-f]{7}$/,
      allowed: "must end in :sha-<7 hex digits>: this environment runs builds",
    },
    staging: release,
    prod: release,
  };

export const imagesAreOfTheEnvironmentsKind: Rule = {
  name: "images-are-of-the-environments-kind",
  reason: "dev runs builds; staging and prod run releases, which never move.",
  fix: "write the tag of a build in dev, of a release elsewhere",
  severity: "high",
  link: "../docs/services.md",
  levels: everywhere,
  unknown: "wait",
  workload: (manifest, { environment }) =>
    containersOf(manifest).flatMap(({ path, spec }) => {
      const image = at(spec, "image");
      const { pattern, allowed } = tags[environment];
      return pattern.test(textOf(image)) ? [] : [violation([...path, "image"], image, allowed)];
    }),
};
