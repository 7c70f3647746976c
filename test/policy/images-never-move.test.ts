import { imagesNeverMove } from "../../policy/rules/images-never-move.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule, resource } from "./support.ts";

describeRule(
  imagesNeverMove,
  "resource",
  resource("aws:ecr/repository:Repository", {
    imageTagMutability: "IMMUTABLE",
    imageScanningConfiguration: { scanOnPush: true },
  }),
  [
    {
      title: "refuses tags that move",
      at: ["props", "imageTagMutability"],
      value: "MUTABLE",
      expected: ['imageTagMutability: found "MUTABLE"; must be "IMMUTABLE"'],
    },
    {
      title: "refuses images that are not scanned",
      at: ["props", "imageScanningConfiguration", "scanOnPush"],
      value: false,
      expected: ["imageScanningConfiguration.scanOnPush: found false; must be true"],
    },
    {
      title: "refuses the defaults",
      at: ["props"],
      value: {},
      expected: [
        'imageTagMutability: found nothing; must be "IMMUTABLE"',
        "imageScanningConfiguration.scanOnPush: found nothing; must be true",
      ],
    },
    {
      title: "waits for what is not known",
      at: ["props", "imageTagMutability"],
      value: unknownValue,
      expected: [],
    },
    {
      title: "ignores other types",
      at: [],
      value: resource("aws:kms/key:Key", {}),
      expected: [],
    },
  ],
);
