import { prodResourcesOutliveTheirApplication } from "../../policy/rules/prod-resources-outlive-their-application.ts";
import { unknownValue } from "../../policy/values.ts";
import { applications, describeRule } from "./support.ts";

const policy = "spec.syncPolicy";
const ways = "must be one of create-update, create-only in prod";

describeRule(prodResourcesOutliveTheirApplication, "manifest", applications, [
  {
    title: "refuses to delete resources with their Application",
    at: ["spec", "syncPolicy", "preserveResourcesOnDeletion"],
    value: false,
    expected: [`${policy}.preserveResourcesOnDeletion: found false; must be true in prod`],
  },
  {
    title: "refuses to delete Applications",
    at: ["spec", "syncPolicy", "applicationsSync"],
    value: "sync",
    expected: [`${policy}.applicationsSync: found "sync"; ${ways}`],
  },
  {
    title: "takes the other way that deletes none",
    at: ["spec", "syncPolicy", "applicationsSync"],
    value: "create-only",
    expected: [],
  },
  {
    title: "refuses the defaults",
    at: ["spec", "syncPolicy"],
    value: undefined,
    expected: [
      `${policy}.preserveResourcesOnDeletion: found nothing; must be true in prod`,
      `${policy}.applicationsSync: found nothing; ${ways}`,
    ],
  },
  {
    title: "refuses what is not known",
    at: ["spec", "syncPolicy", "preserveResourcesOnDeletion"],
    value: unknownValue,
    expected: [
      `${policy}.preserveResourcesOnDeletion: found a value that is not known before the update; must be true in prod`,
    ],
  },
  {
    title: "refuses a finalizer",
    at: ["spec", "template", "metadata", "finalizers"],
    value: ["resources-finalizer.argocd.argoproj.io"],
    expected: [
      'spec.template.metadata.finalizers: found ["resources-finalizer.argocd.argoproj.io"]; must be empty in prod: a finalizer deletes what the Application made',
    ],
  },
  {
    title: "refuses finalizers that are not known",
    at: ["spec", "template", "metadata", "finalizers"],
    value: unknownValue,
    expected: [
      "spec.template.metadata.finalizers: found a value that is not known before the update; must be empty in prod: a finalizer deletes what the Application made",
    ],
  },
  {
    title: "accepts a template without finalizers",
    at: ["spec", "template", "metadata", "finalizers"],
    value: undefined,
    expected: [],
  },
  { title: "ignores an Application", at: ["kind"], value: "Application", expected: [] },
]);
