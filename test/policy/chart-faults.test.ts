import { expect } from "chai";
import { finding, formatFinding } from "../../catalog/finding.ts";
import { faultsByFile } from "../../policy/repository/chart-faults.ts";

const files = ["dev", "staging", "prod"].flatMap((environment) =>
  ["a", "b", "c", "d"].map((name) => `argocd/applications/${environment}/${name}.yaml`),
);
const template = { file: "chart/templates/deployment.yaml", line: 12, column: 5 };

/** The fault that the chart has with a file, whose text says `value` where the fault is. */
const fault = (file: string, found: string) => ({
  file,
  finding: finding(template, {
    ...{ rule: "kubernetes-schema", key: "spec.name", found, allowed: "must be text" },
    fix: "see kubectl explain",
  }),
});

describe("faultsByFile", () => {
  const said = (
    faults: readonly ReturnType<typeof fault>[],
    text = "port: 80\nenv:\n  A: true\n",
  ) => faultsByFile(faults, files, () => text).map((one) => formatFinding(one).split("\n")[0]);
  const message = "error kubernetes-schema: spec.name: found true; must be text";
  const at = (names: readonly string[]) => names.map((file) => fault(file, "true"));

  it("names the file and the line of what one file leads to", () => {
    expect(said(at(["argocd/applications/dev/a.yaml"]))).to.deep.equal([
      `argocd/applications/dev/a.yaml:3:6 (rendered by ${template.file}:12) ${message}`,
    ]);
  });

  it("names the file alone where its value stands nowhere in it, or more than once", () => {
    for (const text of ["port: 80\n", "a: true\nb: true\n", "not: [yaml"]) {
      expect(said(at(["argocd/applications/dev/a.yaml"]), text)).to.deep.equal([
        `argocd/applications/dev/a.yaml:1:1 (rendered by ${template.file}:12) ${message}`,
      ]);
    }
  });

  it("says once what several files lead to, and lists them", () => {
    const eight = files.slice(0, 8);
    expect(said(at(eight))).to.deep.equal([
      `${template.file}:12:5 (with ${eight.map((file) => `${file}:3`).join(", ")}) ${message}`,
    ]);
    expect(said(at(files.slice(0, 11)))[0]).to.include("staging/d.yaml:3, 3 more)");
  });

  it("says once what the chart does with every file", () => {
    expect(said(at(files))).to.deep.equal([
      `${template.file}:12:5 (with each of 12 service files) ${message}`,
    ]);
  });

  it("counts a file once, and keeps different faults apart", () => {
    const [first = ""] = files;
    expect(said([fault(first, "true"), fault(first, "true"), fault(first, "null")])).to.deep.equal([
      `${first}:3:6 (rendered by ${template.file}:12) ${message}`,
      `${first}:1:1 (rendered by ${template.file}:12) ${message.replace("true", "null")}`,
    ]);
  });

  it("has nothing to say of no fault", () => {
    expect(said([])).to.deep.equal([]);
  });
});
