import { prodApplicationsSyncManually } from "../../policy/rules/prod-applications-sync-manually.ts";
import { unknownValue } from "../../policy/values.ts";
import { applications, describeRule, settings } from "./support.ts";

const allowed = "must not be there: in prod a person starts every sync";
const hidden = "found a value that is not known before the update; must be written out in prod";

describeRule(prodApplicationsSyncManually, "manifest", applications, [
  {
    title: "refuses an automated sync in the template",
    at: ["spec", "template", "spec", "syncPolicy", "automated"],
    value: { prune: true },
    expected: [`spec.template.spec.syncPolicy.automated: found {"prune":true}; ${allowed}`],
  },
  {
    title: "refuses an empty one, which is on as well",
    at: ["spec", "template", "spec", "syncPolicy", "automated"],
    value: {},
    expected: [`spec.template.spec.syncPolicy.automated: found {}; ${allowed}`],
  },
  {
    title: "takes null for what it is: nothing",
    at: ["spec", "template", "spec", "syncPolicy", "automated"],
    value: null,
    expected: [],
  },
  {
    title: "refuses it in the template of a generator inside another",
    at: ["spec", "generators", 0, "matrix"],
    value: {
      generators: [{ list: { template: { spec: { syncPolicy: { automated: {} } } } } }],
    },
    expected: [
      `spec.generators[0].matrix.generators[0].list.template.spec.syncPolicy.automated: found {}; ${allowed}`,
    ],
  },
  {
    title: "refuses a patch of the template, whatever it says",
    at: ["spec", "templatePatch"],
    value: "spec: {}",
    expected: [`spec.templatePatch: found "spec: {}"; ${allowed}`],
  },
  { title: "accepts an empty patch", at: ["spec", "templatePatch"], value: "", expected: [] },
  { title: "accepts no patch", at: ["spec", "templatePatch"], value: null, expected: [] },
  {
    title: "refuses a rolling sync",
    at: ["spec", "strategy"],
    value: { type: "RollingSync", rollingSync: { steps: [] } },
    expected: [`spec.strategy.rollingSync: found {"steps":[]}; ${allowed}`],
  },
  {
    title: "accepts no rolling sync",
    at: ["spec", "strategy"],
    value: { rollingSync: null },
    expected: [],
  },
  {
    title: "refuses an Application with a sync under way",
    at: [],
    value: {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      operation: { sync: {} },
    },
    expected: [`operation: found {"sync":{}}; ${allowed}`],
  },
  { title: "accepts no operation", at: ["operation"], value: null, expected: [] },
  {
    title: "refuses an Application with automated sync",
    at: [],
    value: {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "Application",
      spec: { syncPolicy: { automated: { enabled: true } } },
    },
    expected: [`spec.syncPolicy.automated: found {"enabled":true}; ${allowed}`],
  },
  {
    title: "refuses a policy that is not known",
    at: ["spec", "template", "spec", "syncPolicy"],
    value: unknownValue,
    expected: [`spec.template.spec.syncPolicy: ${hidden}`],
  },
  {
    title: "refuses an object whose kind is not known, if it has one of the roads",
    at: [],
    value: {
      apiVersion: unknownValue,
      kind: unknownValue,
      spec: { syncPolicy: { automated: {} } },
    },
    expected: [`apiVersion: ${hidden}`, `spec.syncPolicy.automated: found {}; ${allowed}`],
  },
  {
    title: "ignores other kinds",
    at: ["kind"],
    value: "AppProject",
    expected: [],
  },
  {
    title: "ignores other groups",
    at: [],
    value: { apiVersion: "app.k8s.io/v1", kind: "Application", spec: { automated: {} } },
    expected: [],
  },
  { title: "ignores an empty manifest", at: [], value: {}, expected: [] },
]);

describeRule(prodApplicationsSyncManually, "settings", settings({ argoCd: { sync: "manual" } }), [
  {
    title: "refuses automated sync",
    at: ["argoCd", "sync"],
    value: "automated",
    expected: ['argoCd.sync: found "automated"; must be "manual" in prod'],
  },
  {
    title: "refuses a setting that is missing",
    at: ["argoCd", "sync"],
    value: undefined,
    expected: ['argoCd.sync: found nothing; must be "manual" in prod'],
  },
]);
