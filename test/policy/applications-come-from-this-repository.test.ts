import { applicationsComeFromThisRepository } from "../../policy/rules/applications-come-from-this-repository.ts";
import { applications, describeRule, settings } from "./support.ts";

const other = "https://github.com/mallory/idp";
const allowed = "must be https://github.com/acme/idp";

describeRule(applicationsComeFromThisRepository, "manifest", applications, [
  {
    title: "refuses another source",
    at: ["spec", "template", "spec", "source", "repoURL"],
    value: other,
    expected: [`spec.template.spec.source.repoURL: found "${other}"; ${allowed}`],
  },
  {
    title: "refuses a generator that reads another repository",
    at: ["spec", "generators", 0, "git", "repoURL"],
    value: other,
    expected: [`spec.generators[0].git.repoURL: found "${other}"; ${allowed}`],
  },
  {
    title: "refuses any when the settings are not known",
    at: [],
    value: { ...applications, spec: { repoURL: "https://github.com/acme/idp" } },
    context: { repositoryUrl: "(not known)" },
    expected: ['spec.repoURL: found "https://github.com/acme/idp"; must be (not known)'],
  },
  {
    title: "refuses a project that lets another in",
    at: [],
    value: {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "AppProject",
      spec: { sourceRepos: ["https://github.com/acme/idp", other] },
    },
    expected: [`spec.sourceRepos[1]: found "${other}"; ${allowed}`],
  },
  {
    title: "refuses an Application from elsewhere",
    at: [],
    value: {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      spec: { source: { repoURL: other } },
    },
    expected: [`spec.source.repoURL: found "${other}"; ${allowed}`],
  },
  {
    title: "ignores other kinds",
    at: [],
    value: { kind: "ConfigMap", data: { repoURL: other } },
    expected: [],
  },
]);

describeRule(
  applicationsComeFromThisRepository,
  "settings",
  settings({
    repository: { url: "https://github.com/acme/idp" },
    github: { repository: "acme@12/idp@34" },
  }),
  [
    {
      title: "refuses a repository that the workflows do not run from",
      at: ["repository", "url"],
      value: other,
      expected: [
        `repository.url: found "${other}"; must be https://github.com/acme/idp, as idp:github.repository says`,
      ],
    },
    {
      title: "leaves the twin its git server",
      at: ["repository", "url"],
      value: "http://127.0.0.1:26792/idp.git",
      expected: [],
    },
    {
      title: "takes no other address for the twin's",
      at: ["repository", "url"],
      value: "http://127.0.0.1.mallory.example:80/idp.git",
      expected: [
        'repository.url: found "http://127.0.0.1.mallory.example:80/idp.git"; must be https://github.com/acme/idp, as idp:github.repository says',
      ],
    },
  ],
);
