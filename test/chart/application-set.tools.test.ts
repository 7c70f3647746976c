import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { z } from "zod";
import { applicationSet } from "../../components/gitops.ts";
import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { ensureHelm, helm, render } from "./helm.ts";

const [ignored] = applicationSet({
  environment: "dev",
  repository: { url: "https://github.com/owner/idp", branch: "main" },
  sync: "automated",
  keepsServices: false,
  reconciliationSeconds: 60,
}).spec.template.spec.ignoreDifferences;

/** Renders text of the ApplicationSet for files of a service `demo`. Helm has the functions that Argo CD's templates have. */
async function rendered(text: string, files: readonly string[]): Promise<string[]> {
  return inScratchFolder("application-set", async (chart) => {
    for (const folder of ["templates", "files"]) mkdirSync(join(chart, folder));
    writeFileSync(join(chart, "Chart.yaml"), "apiVersion: v2\nname: set\nversion: 0.0.0\n");
    writeFileSync(
      join(chart, "templates/all.yaml"),
      `{{- range $index, $_ := .Files.Glob "files/*" }}
{{- $file := $.Files.Get $index | fromYaml }}
{{- $_ := set $file "path" (dict "filename" "demo.yaml") }}
{{- with $file }}
{{ base $index | quote }}: "${text.replaceAll('"', "`")}"
{{- end }}
{{- end }}
`,
    );
    for (const [index, file] of files.entries()) {
      writeFileSync(join(chart, "files", `file-${100 + index}`), file);
    }
    const answers = parse(await helm(["template", "set", chart])) as unknown;
    return Object.values(z.record(z.string(), z.string()).parse(answers));
  });
}

describe("the Deployment whose replicas Argo CD leaves alone", () => {
  before(async function () {
    this.timeout(0);
    await ensureHelm();
  });

  it("is the service's where the chart makes an autoscaler, and none otherwise", async () => {
    const numbers = [1, 3, { min: 2, max: 6 }, { min: 2, max: 2 }, { min: 1, max: 50 }];
    const names = await rendered(
      ignored?.name ?? "",
      numbers.map((replicas) => JSON.stringify({ replicas })),
    );
    const scaled = await Promise.all(
      numbers.map(async (replicas) => {
        const image = {
          repository: "123456789012.dkr.ecr.us-west-2.amazonaws.com/a",
          tag: "v1.0.0",
        };
        const manifests = await render("demo", { image, port: 8080, resources: "small", replicas });
        return manifests.some(({ kind }) => kind === "HorizontalPodAutoscaler");
      }),
    );
    expect(names).to.deep.equal(scaled.map((is) => (is ? "demo" : "-")));
    expect(scaled).to.deep.equal([false, false, true, false, true]);
  });

  it("is decided for every file that parses: an error would stop the whole environment", async () => {
    const odd = [
      "",
      "replicas:\n",
      "replicas: [1, 2]\n",
      "replicas: many\n",
      "replicas: {}\n",
      "replicas: { min: 2 }\n",
      "replicas: { max: 2 }\n",
      "replicas: { min: 2, max: two }\n",
      "replicas: { min: ~, max: [] }\n",
      "replicas: { min: { a: b }, max: true }\n",
    ];
    expect(await rendered(ignored?.name ?? "", odd)).to.deep.equal([
      ...["-", "-", "-", "-", "-"],
      ...["demo", "demo", "demo", "demo", "demo"],
    ]);
  });
});
