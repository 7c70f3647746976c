import { imagesAreOfTheEnvironmentsKind } from "../../policy/rules/images-are-of-the-environments-kind.ts";
import { container, deployment, describeRule } from "./support.ts";

const image = [...container, "image"];
const where = "spec.template.spec.containers[0].image";
const releases = "must end in :v<major>.<minor>.<patch>: this environment runs releases";
const builds = "must end in :sha-<7 hex digits>: this environment runs builds";

describeRule(imagesAreOfTheEnvironmentsKind, "workload", deployment, [
  {
    title: "refuses a build in prod",
    at: image,
    value: "r/a:sha-3f2a9c1",
    expected: [`${where}: found "r/a:sha-3f2a9c1"; ${releases}`],
  },
  {
    title: "refuses a build in staging",
    at: image,
    value: "r/a:sha-3f2a9c1",
    context: { environment: "staging" },
    expected: [`${where}: found "r/a:sha-3f2a9c1"; ${releases}`],
  },
  {
    title: "refuses a release in dev",
    at: image,
    value: "r/a:v1.0.0",
    context: { environment: "dev" },
    expected: [`${where}: found "r/a:v1.0.0"; ${builds}`],
  },
  {
    title: "takes a build in dev",
    at: image,
    value: "r/a:sha-3f2a9c1",
    context: { environment: "dev" },
    expected: [],
  },
  ...["r/a:v01.0.0", "r/a:v1.0.0-rc.1", "r/a:v1.0", "r/av1.0.0"].map((value) => ({
    title: `refuses ${value}`,
    at: image,
    value,
    expected: [`${where}: found "${value}"; ${releases}`],
  })),
  ...["r/a:sha-3f2a9c", "r/a:sha-3F2A9C1", "r/a:sha-3f2a9c11"].map((value) => ({
    title: `refuses ${value} in dev`,
    at: image,
    value,
    context: { environment: "dev" as const },
    expected: [`${where}: found "${value}"; ${builds}`],
  })),
  {
    title: "refuses none",
    at: image,
    value: undefined,
    expected: [`${where}: found nothing; ${releases}`],
  },
  { title: "ignores resources that run no Pod", at: ["kind"], value: "Service", expected: [] },
]);
