import { versionsGoForward } from "../../policy/rules/versions-go-forward.ts";
import { describeRule } from "./support.ts";

const version = {
  tag: "v1.2.3",
  key: "image.tag" as const,
  before: "v1.2.3",
  earlier: "v1.2.3",
  isHeld: false,
};

describeRule(versionsGoForward, "version", version, [
  { title: "takes a newer one", at: ["tag"], value: "v1.2.4", expected: [] },
  { title: "takes a new service", at: ["before"], value: undefined, expected: [] },
  {
    title: "refuses an older one",
    at: ["tag"],
    value: "v1.2.2",
    expected: ['image.tag: found "v1.2.2"; must not be older than v1.2.3'],
  },
  {
    title: "takes an older one that is meant",
    at: [],
    value: { ...version, tag: "v1.2.2", isHeld: true },
    expected: [],
  },
]);
