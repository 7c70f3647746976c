import { imagesNameAVersion } from "../../policy/rules/images-name-a-version.ts";
import { container, deployment, describeRule } from "./support.ts";

const image = [...container, "image"];
const where = "spec.template.spec.containers[0].image";
const allowed = "must have a tag other than latest";

describeRule(imagesNameAVersion, "workload", deployment, [
  ...["r/a:latest", "r/a", "host:5000/a", "r/a@sha256:12"].map((value) => ({
    title: `refuses ${value}`,
    at: image,
    value,
    expected: [`${where}: found "${value}"; ${allowed}`],
  })),
  ...["r/a:latest-1", `r/a@sha256:${"0".repeat(64)}`, "a:1"].map((value) => ({
    title: `takes ${value}`,
    at: image,
    value,
    expected: [],
  })),
  {
    title: "refuses none",
    at: image,
    value: undefined,
    expected: [`${where}: found nothing; ${allowed}`],
  },
]);
