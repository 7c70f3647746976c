import { releasesPassThroughStaging } from "../../policy/rules/releases-pass-through-staging.ts";
import { describeRule } from "./support.ts";

const version = {
  tag: "v1.2.3",
  key: "image.tag" as const,
  before: undefined,
  earlier: "v1.2.3",
  isHeld: false,
};

describeRule(releasesPassThroughStaging, "version", version, [
  { title: "takes an older one", at: ["tag"], value: "v1.2.2", expected: [] },
  ...["v1.2.4", "v1.3.0", "v2.0.0", "v1.10.0"].map((tag) => ({
    title: `refuses ${tag} before staging has it`,
    at: ["tag"],
    value: tag,
    expected: [`image.tag: found "${tag}"; must not be newer than v1.2.3, which staging has had`],
  })),
  {
    title: "refuses a service that staging does not have",
    at: ["earlier"],
    value: undefined,
    expected: ['image.tag: found "v1.2.3"; must be a service that staging has, too'],
  },
]);
