import { everywhere, type Rule } from "../rule.ts";
import { at, violation } from "../values.ts";

export const imagesNeverMove: Rule = {
  name: "images-never-move",
  reason: "A tag names one image for ever, and each image is looked at for known holes.",
  fix: 'set imageTagMutability to "IMMUTABLE" and imageScanningConfiguration.scanOnPush to true',
  severity: "high",
  link: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
  levels: everywhere,
  unknown: "wait",
  resource: ({ type, props }) => {
    if (type !== "aws:ecr/repository:Repository") return [];
    const mutability = props["imageTagMutability"];
    const scan = at(props, "imageScanningConfiguration", "scanOnPush");
    return [
      ...(mutability === "IMMUTABLE"
        ? []
        : [violation(["imageTagMutability"], mutability, 'must be "IMMUTABLE"')]),
      ...(scan === true
        ? []
        : [violation(["imageScanningConfiguration", "scanOnPush"], scan, "must be true")]),
    ];
  },
};
