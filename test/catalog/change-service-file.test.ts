import { expect } from "chai";
import fc from "fast-check";
import { changeServiceFile, type ServiceChange } from "../../catalog/change-service-file.ts";
import { example } from "../../catalog/schema.ts";
import { parseService, readServiceFile, serviceFileFindings } from "../../catalog/service.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { servicesIn } from "../../promotion/services.ts";
import { serviceFiles, type Content } from "./service-files.ts";

const file = "argocd/applications/dev/a.yaml";
const rules = {
  registryHost: example.image.repository.split("/")[0] ?? "",
  strategy: "newest-build",
} as const;
const valueOf = (text: string) => readYaml(file, text).value;
const tag = fc.stringMatching(/^[0-9a-f]{7}$/).map((digits) => `sha-${digits}`);
const hold = fc.record({ tag, reason: fc.stringMatching(/^[!-~é😀]([ -~]{0,30}[!-~])?$/u) });

const after = ({ image, hold: held, ...rest }: Content, change: ServiceChange) => ({
  ...rest,
  image: { ...image, ...(change.tag !== undefined && { tag: change.tag }) },
  ...((change.hold ?? (change.hold === null ? undefined : held)) && {
    hold: change.hold ?? held,
  }),
});

/** Lines that only one of two texts has, in order. */
const changedLines = (before: string, now: string) => {
  const [a, b] = [before.split(/\r?\n/), now.split(/\r?\n/)];
  return [a.filter((line) => !b.includes(line)), b.filter((line) => !a.includes(line))];
};

describe("a change of a service file, in every style that people write", () => {
  it("check, status and the commands read the same values", () => {
    fc.assert(
      fc.property(serviceFiles, ({ text, content }) => {
        expect(valueOf(text)).to.deep.equal(content);
        const { service, findings } = parseService(file, text, rules);
        expect(findings).to.deep.equal([]);
        const { tag, port, env, hold } = readServiceFile(text) ?? {};
        expect({ tag, port, env, hold }).to.deep.equal({
          tag: content.hold?.tag ?? content.image.tag,
          port: content.port,
          env: content.env ?? {},
          hold: content.hold,
        });
        expect(service?.tag).to.equal(tag);
        const [named] = servicesIn(new Map([[file, text]]));
        expect([named?.tag, named?.hold]).to.deep.equal([tag, hold?.reason]);
      }),
    );
  });

  const changes: Readonly<Record<string, fc.Arbitrary<ServiceChange>>> = {
    "set-tag": fc.record({ tag }),
    hold: fc.record({ hold }),
    unhold: fc.constant({ hold: null }),
    rollback: hold.map((to) => ({ tag: to.tag, hold: to })),
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`${name} changes only what it means`, () => {
      fc.assert(
        fc.property(serviceFiles, change, ({ text, content }, wanted) => {
          const changed = changeServiceFile(file, text, wanted);
          expect(valueOf(changed)).to.deep.equal(after(content, wanted));
          const [gone = [], come = []] = changedLines(text, changed);
          // In braces the whole file may be one line.
          expect(gone.length).to.be.at.most(5);
          expect(come.length).to.be.at.most(5);
          expect(changed.includes("\r\n")).to.equal(
            text.includes("\r\n") && changed.includes("\n"),
          );
          expect(changed.startsWith("\uFEFF")).to.equal(text.startsWith("\uFEFF"));
        }),
      );
    });
  }

  it("a hold that is lifted leaves every byte as it was", () => {
    fc.assert(
      fc.property(serviceFiles, hold, ({ text, content }, held) => {
        fc.pre(content.hold === undefined);
        const back = changeServiceFile(file, changeServiceFile(file, text, { hold: held }), {
          hold: null,
        });
        expect(back.replace(/\r?\n$/, "")).to.equal(text.replace(/\r?\n$/, ""));
      }),
    );
  });

  it("a byte that is not UTF-8 anywhere is refused with its line", () => {
    fc.assert(
      fc.property(
        serviceFiles,
        fc.nat(),
        fc.integer({ min: 0x80, max: 0xff }),
        ({ text }, at, byte) => {
          const bytes = Buffer.from(text);
          const index = at % (bytes.length + 1);
          // Behind a byte that begins a character it could complete one.
          fc.pre(index === 0 || (bytes[index - 1] ?? 0) < 0x80);
          const broken = Buffer.concat([
            bytes.subarray(0, index),
            Buffer.from([byte]),
            bytes.subarray(index),
          ]);
          fc.pre(((bytes[index] ?? 0) & 0xc0) !== 0x80);
          const line = broken.subarray(0, index).toString().split("\n").length;
          const [first] = serviceFileFindings(file, broken.toString("utf8"));
          expect([first?.line, first?.rule]).to.deep.equal([line, "yaml"]);
          expect(() => changeServiceFile(file, broken.toString("utf8"), { hold: null })).to.throw(
            `${file} is not valid:\n${file}:${line}:`,
          );
        },
      ),
    );
  });

  it("anchors, aliases, tags, directives and second documents are refused", () => {
    fc.assert(
      fc.property(
        serviceFiles,
        fc.constantFrom(
          (text: string) => text.replace("replicas:", "replicas: &a"),
          (text: string) => text.replace("replicas:", "replicas: !!int"),
          (text: string) => text.replace(/(replicas"?:) *\d+/, "$1 *a"),
          (text: string) => `%YAML 1.1\n---\n${text.replace("\uFEFF", "")}`,
          (text: string) => `${text}\n---\nhold: { tag: sha-0000000, reason: x }\n`,
        ),
        ({ text }, spoil) => {
          fc.pre(!text.includes('"replicas":'));
          expect(() => changeServiceFile(file, spoil(text), { hold: null })).to.throw(
            `${file} is not valid:`,
          );
        },
      ),
    );
  });

  const base = `image:\n  repository: ${example.image.repository}\n  tag: sha-3f2a9c1\nport: 8080\nresources: small\nreplicas: 1\n`;

  it("is refused where the last value has no end: one reader sees a line break there, another none", () => {
    const text = `${base}env:\n  A: |\n    text`;
    expect(() => changeServiceFile(file, text, { hold: null })).to.throw(
      `${file} is not valid:\n${file}:8:6 error yaml: found |; must mean one thing to every reader\n    Fix: write a line break at the end of the file\nNothing was changed.`,
    );
  });

  it("is refused where the hold cannot be taken out alone", () => {
    const text = `${base}? hold\n: { tag: sha-0000000, reason: x }\n`;
    for (const hold of [null, { tag: "sha-0000001", reason: "y" }]) {
      expect(() => changeServiceFile(file, text, { hold }))
        .to.throw(file)
        .with.property("message")
        .that.includes("Nothing was changed.");
    }
  });
});
