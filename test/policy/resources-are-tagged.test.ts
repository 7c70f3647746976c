import { resourcesAreTagged } from "../../policy/rules/resources-are-tagged.ts";
import { describeRule, resource } from "./support.ts";

describeRule(
  resourcesAreTagged,
  "resource",
  resource("pulumi:providers:aws", {
    defaultTags: JSON.stringify({
      tags: { "idp:environment": "prod", "idp:repository": "https://github.com/acme/idp" },
    }),
  }),
  [
    {
      title: "refuses no tags",
      at: ["props"],
      value: {},
      expected: [
        "defaultTags.tags.idp:environment: found nothing; must be prod",
        "defaultTags.tags.idp:repository: found nothing; must be https://github.com/acme/idp",
      ],
    },
    {
      title: "refuses another environment's",
      at: ["props", "defaultTags"],
      value: {
        tags: { "idp:environment": "dev", "idp:repository": "https://github.com/acme/idp" },
      },
      expected: ['defaultTags.tags.idp:environment: found "dev"; must be prod'],
    },
    {
      title: "ignores other providers",
      at: [],
      value: resource("pulumi:providers:kubernetes", {}),
      expected: [],
    },
  ],
);
