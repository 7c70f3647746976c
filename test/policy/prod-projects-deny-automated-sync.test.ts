import { prodProjectsDenyAutomatedSync } from "../../policy/rules/prod-projects-deny-automated-sync.ts";
import { unknownValue } from "../../policy/values.ts";
import { describeRule } from "./support.ts";

const window = {
  kind: "deny",
  schedule: "0 0 * * *",
  duration: "24h",
  applications: ["*"],
  manualSync: true,
};
const project = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "AppProject",
  spec: {
    destinations: [{ server: "https://kubernetes.default.svc", namespace: "*" }],
    syncWindows: [window],
  },
};

const denied = "must deny every Application all day, people's syncs excepted";
/** As a message has it: shortened. */
const found = (change: object) =>
  `spec.syncWindows: found ${JSON.stringify([{ ...window, ...change }]).slice(0, 80)}...; ${denied}`;

describeRule(prodProjectsDenyAutomatedSync, "manifest", project, [
  {
    title: "refuses a project without windows",
    at: ["spec", "syncWindows"],
    value: undefined,
    expected: [`spec.syncWindows: found nothing; ${denied}`],
  },
  {
    title: "refuses windows that are not known",
    at: ["spec", "syncWindows"],
    value: unknownValue,
    expected: [`spec.syncWindows: found a value that is not known before the update; ${denied}`],
  },
  {
    title: "refuses a window that allows",
    at: ["spec", "syncWindows", 0, "kind"],
    value: "allow",
    expected: [found({ kind: "allow" })],
  },
  {
    title: "refuses a window that begins on one day of the week",
    at: ["spec", "syncWindows", 0, "schedule"],
    value: "0 0 * * 1",
    expected: [found({ schedule: "0 0 * * 1" })],
  },
  {
    title: "refuses a window that ends before the next",
    at: ["spec", "syncWindows", 0, "duration"],
    value: "23h",
    expected: [found({ duration: "23h" })],
  },
  {
    title: "refuses a window that keeps people out, too",
    at: ["spec", "syncWindows", 0, "manualSync"],
    value: false,
    expected: [found({ manualSync: false })],
  },
  {
    title: "refuses a window for some Applications",
    at: ["spec", "syncWindows", 0, "applications"],
    value: ["time-*"],
    expected: [found({ applications: ["time-*"] })],
  },
  {
    title: "accepts a window beside it",
    at: ["spec", "syncWindows"],
    value: [{ kind: "allow" }, window],
    expected: [],
  },
  {
    title: "ignores a project that deploys nowhere",
    at: ["spec"],
    value: { destinations: [] },
    expected: [],
  },
  {
    title: "ignores a project without destinations",
    at: ["spec"],
    value: {},
    expected: [],
  },
  {
    title: "refuses destinations that are not known",
    at: ["spec"],
    value: { destinations: unknownValue },
    expected: [`spec.syncWindows: found nothing; ${denied}`],
  },
  { title: "ignores other kinds", at: ["kind"], value: "Application", expected: [] },
]);
