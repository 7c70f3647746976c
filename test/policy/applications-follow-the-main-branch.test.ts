import { mainBranch } from "../../config/main-branch.ts";
import { applicationsFollowTheMainBranch } from "../../policy/rules/applications-follow-the-main-branch.ts";
import { unknownValue } from "../../policy/values.ts";
import { applications, describeRule, settings } from "./support.ts";

describeRule(applicationsFollowTheMainBranch, "manifest", applications, [
  {
    title: "refuses another branch of the source",
    at: ["spec", "template", "spec", "source", "targetRevision"],
    value: "HEAD",
    expected: [`spec.template.spec.source.targetRevision: found "HEAD"; must be ${mainBranch}`],
  },
  {
    title: "refuses another branch of the generator",
    at: ["spec", "generators", 0, "git", "revision"],
    value: "feature",
    expected: [`spec.generators[0].git.revision: found "feature"; must be ${mainBranch}`],
  },
  {
    title: "refuses what is not known",
    at: ["spec", "generators", 0, "git", "revision"],
    value: unknownValue,
    expected: [
      `spec.generators[0].git.revision: found a value that is not known before the update; must be ${mainBranch}`,
    ],
  },
  {
    title: "refuses another branch of an Application",
    at: [],
    value: {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      spec: { source: { targetRevision: "HEAD" } },
    },
    expected: [`spec.source.targetRevision: found "HEAD"; must be ${mainBranch}`],
  },
  {
    title: "ignores other kinds",
    at: [],
    value: { kind: "ControllerRevision", revision: 3 },
    expected: [],
  },
]);

describeRule(
  applicationsFollowTheMainBranch,
  "settings",
  settings({ repository: { branch: mainBranch } }),
  [
    {
      title: "refuses another branch",
      at: ["repository", "branch"],
      value: "develop",
      expected: [`repository.branch: found "develop"; must be "${mainBranch}"`],
    },
  ],
);
