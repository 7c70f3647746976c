import { projectsAreNarrow } from "../../policy/rules/projects-are-narrow.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule } from "./support.ts";

const project = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "AppProject",
  metadata: { name: "services" },
  spec: {
    sourceRepos: ["https://github.com/acme/idp"],
    destinations: [
      { server: "https://kubernetes.default.svc", namespace: "!argocd" },
      { server: "https://kubernetes.default.svc", namespace: "*" },
    ],
    clusterResourceWhitelist: [{ group: "", kind: "Namespace" }],
  },
};

describeRule(projectsAreNarrow, "manifest", project, [
  {
    title: "refuses any repository",
    at: ["spec", "sourceRepos", 1],
    value: "*",
    expected: ['spec.sourceRepos[1]: found "*"; must name one repository'],
  },
  {
    title: "refuses any server",
    at: ["spec", "destinations", 1, "server"],
    value: "*",
    expected: ['spec.destinations[1].server: found "*"; must name one cluster'],
  },
  {
    title: "refuses any cluster by name",
    at: ["spec", "destinations", 1, "name"],
    value: "*",
    expected: ['spec.destinations[1].name: found "*"; must name one cluster'],
  },
  {
    title: "refuses any namespace where Argo CD's own is not denied",
    at: ["spec", "destinations", 0, "namespace"],
    value: "!default",
    expected: [
      'spec.destinations[1].namespace: found "*"; must stand beside a denial of "!argocd"',
    ],
  },
  {
    title: "takes a named namespace without the denial",
    at: ["spec", "destinations"],
    value: [{ server: "https://kubernetes.default.svc", namespace: "time-service" }],
    expected: [],
  },
  {
    title: "refuses any kind of the cluster",
    at: ["spec", "clusterResourceWhitelist", 0],
    value: { group: "*", kind: "*" },
    expected: [
      'spec.clusterResourceWhitelist[0].group: found "*"; must name one kind',
      'spec.clusterResourceWhitelist[0].kind: found "*"; must name one kind',
    ],
  },
  {
    title: "refuses a repository that is not known",
    at: ["spec", "sourceRepos", 0],
    value: unknownValue,
    expected: [
      "spec.sourceRepos[0]: found a value that is not known before the update; must name one repository",
    ],
  },
  { title: "accepts a project that allows nothing", at: ["spec"], value: {}, expected: [] },
  {
    title: "ignores other kinds",
    at: [],
    value: { ...project, kind: "Thing", spec: { sourceRepos: ["*"] } },
    expected: [],
  },
]);
