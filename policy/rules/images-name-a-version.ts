import { containersOf } from "../manifests.ts";
import { everywhere, type Rule } from "../rule.ts";
import { at, textOf, violation } from "../values.ts";

/** Behind the last slash: a name, and a tag other than latest, or a digest. */
const versioned = /^[^:@]+(:[\w.-]+)?@sha256:[0-9a-f]{64}$|^[^:@]+:(?!latest$)[\w.-]+$/;

export const imagesNameAVersion: Rule = {
  name: "images-name-a-version",
  reason: "What `latest` is differs from node to node and from day to day.",
  fix: "write a tag that names a version, or a digest",
  severity: "medium",
  link: "https://kubernetes.io/docs/concepts/containers/images/",
  levels: everywhere,
  unknown: "wait",
  workload: (manifest) =>
    containersOf(manifest).flatMap(({ path, spec }) => {
      const image = at(spec, "image");
      const name = textOf(image).split("/").at(-1) ?? "";
      return versioned.test(name)
        ? []
        : [violation([...path, "image"], image, "must have a tag other than latest")];
    }),
};
