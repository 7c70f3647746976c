import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { parse } from "yaml";
import { z } from "zod";
import { changeServiceFile } from "../../catalog/change-service-file.ts";
import { example } from "../../catalog/schema.ts";
import { readServiceFile } from "../../catalog/service.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { ensureHelm, helm } from "./helm.ts";
import { oddScalars } from "../catalog/scalars.ts";
import { serviceFiles } from "../catalog/service-files.ts";

/** Reads each file of a folder as Helm reads values: sigs.k8s.io/yaml, which the ApplicationSet uses, too. */
const template = `{{- range $path, $_ := .Files.Glob "files/*" }}
{{ base $path | quote }}: {{ $.Files.Get $path | fromYaml | toJson | b64enc }}
{{- end }}
`;
const Answers = z.record(z.string(), z.string());

/** Returns what Helm reads in each text; undefined where it reads none. */
async function helmReads(texts: readonly string[]): Promise<unknown[]> {
  return inScratchFolder("helm", async (chart) => {
    for (const folder of ["templates", "files"]) mkdirSync(join(chart, folder));
    writeFileSync(join(chart, "Chart.yaml"), "apiVersion: v2\nname: reader\nversion: 0.0.0\n");
    writeFileSync(join(chart, "templates/all.yaml"), template);
    for (const [index, text] of texts.entries()) {
      writeFileSync(join(chart, "files", `${index}`), text);
    }
    const answers = Answers.parse(parse(await helm(["template", "reader", chart])));
    return texts.map((_, index) => {
      const json = Buffer.from(answers[index] ?? "", "base64").toString();
      const value: unknown = JSON.parse(json);
      const isRefused = typeof value === "object" && value !== null && "Error" in value;
      return isRefused ? undefined : value;
    });
  });
}

const base = (key: string, scalar: string) => `image:
  repository: ${example.image.repository}
  tag: sha-3f2a9c1
port: ${key === "port" ? scalar : "8080"}
resources: small
replicas: ${key === "replicas" ? scalar : "1"}
env:
  ${key === "name" ? scalar : "A"}: ${key === "env" ? scalar : "a"}
  B: ${key === "last" ? scalar : "b"}
`;
const keys = ["port", "replicas", "env", "name", "last"];
const odd = fc.oneof(
  fc.constantFrom(...oddScalars),
  fc.stringMatching(/^[-+.0-9_eExXoObBaf:]{1,7}$/),
  fc.stringMatching(/^[ -~]{0,8}$/),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const pieces = [
  "  ",
  "\t",
  "\n",
  "\n  ",
  " #",
  ": ",
  ",",
  "{",
  "}",
  '"',
  "\\",
  "- ",
  "? ",
  "|",
  ">",
];
const marks = [
  "\n...\n",
  "\n---\n",
  "\r",
  "\u0085",
  "\u2028",
  "\uFEFF",
  "\x7f",
  "0",
  "_",
  "y",
  "=",
  "~",
];
const piece = fc.constantFrom(...pieces, ...marks);

const count = { numRuns: 400 };
const changed = fc
  .tuple(serviceFiles, fc.stringMatching(/^[!-~é😀]([ -~]{0,30}[!-~])?$/u))
  .map(([{ text }, reason]) =>
    changeServiceFile("a.yaml", text, {
      tag: "sha-0000009",
      hold: { tag: "sha-0000009", reason },
    }),
  );

describe("Helm's reader and ours", function () {
  this.timeout(60_000);

  before(async function () {
    this.timeout(30 * 60_000);
    await ensureHelm();
  });

  const cases: Readonly<Record<string, readonly string[]>> = {
    "every style that people write": fc.sample(serviceFiles, count).map(({ text }) => text),
    "every file that a command changed": fc.sample(changed, count),
    "odd scalars": [
      ...keys.flatMap((key) => oddScalars.map((scalar) => base(key, scalar))),
      ...oddScalars.map((scalar) =>
        base("env", "a").replace("\n  B: b", `\n  B: { C: ${scalar} }`),
      ),
      ...fc
        .sample(fc.tuple(fc.constantFrom(...keys), odd), { numRuns: 800 })
        .map(([key, scalar]) => base(key, scalar)),
    ],
    "damaged files": fc
      .sample(fc.tuple(serviceFiles, fc.nat(), fc.nat(3), piece), { numRuns: 800 })
      .map(([{ text }, at, gone, put]) => {
        const index = at % (text.length + 1);
        return text.slice(0, index) + put + text.slice(index + gone);
      }),
  };
  for (const [what, texts] of Object.entries(cases)) {
    it(`read the same values in ${what}, or ours refuses`, async () => {
      const theirs = await helmReads(texts);
      const accepted = texts.flatMap((text, index) =>
        readServiceFile(text)
          ? [{ text, ours: readYaml("", text).value, helm: theirs[index] }]
          : [],
      );
      expect(accepted.length).to.be.greaterThan(50);
      for (const { text, ours, helm } of accepted) {
        expect({ text, value: helm }).to.deep.equal({ text, value: ours });
      }
    });
  }
});
