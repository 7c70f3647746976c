import { everywhere, type Rule } from "../rule.ts";
import { at, parsed, violation } from "../values.ts";

export const resourcesAreTagged: Rule = {
  name: "resources-are-tagged",
  reason: "Whoever finds a resource in the account must see what it belongs to.",
  fix: "give the provider defaultTags with idp:environment and idp:repository",
  severity: "low",
  link: "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html",
  levels: everywhere,
  unknown: "refuse",
  resource: ({ type, props }, { environment, repositoryUrl }) => {
    if (type !== "pulumi:providers:aws") return [];
    const wanted = { "idp:environment": environment, "idp:repository": repositoryUrl };
    return Object.entries(wanted).flatMap(([tag, value]) => {
      const found = at(parsed(props["defaultTags"]), "tags", tag);
      return found === value
        ? []
        : [violation(["defaultTags", "tags", tag], found, `must be ${value}`)];
    });
  },
};
