import { expect } from "chai";
import fc from "fast-check";
import { example } from "../../catalog/schema.ts";
import { parseService, readServiceFile, serviceFileFindings } from "../../catalog/service.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { servicesIn } from "../../promotion/services.ts";
import { oddScalars } from "./scalars.ts";

const path = "argocd/applications/dev/a.yaml";
const rules = {
  registryHost: example.image.repository.split("/")[0] ?? "",
  strategy: "newest-build",
} as const;

const fileWith = (key: "env" | "port" | "reason", scalar: string) => `image:
  repository: ${example.image.repository}
  tag: sha-3f2a9c1
port: ${key === "port" ? scalar : "8080"}
resources: small
replicas: 1
env:
  A: ${key === "env" ? scalar : "a"}
hold:
  tag: sha-0000001
  reason: ${key === "reason" ? scalar : "wait"}
`;

const scalar = fc.oneof(fc.constantFrom(...oddScalars), fc.stringMatching(/^[ -~]{0,12}$/));

describe("the dialect of service files", () => {
  it("is the same for every reader: one value, or one refusal", () => {
    fc.assert(
      fc.property(fc.constantFrom("env", "port", "reason"), scalar, (key, value) => {
        const text = fileWith(key, value);
        const { service } = parseService(path, text, rules);
        const content = readServiceFile(text);
        const [named] = servicesIn(new Map([[path, text]]));
        expect(
          content && { env: content.env, port: content.port, hold: content.hold },
        ).to.deep.equal(service && { env: service.env, port: service.port, hold: service.hold });
        expect(named && { tag: named.tag, hold: named.hold }).to.deep.equal(
          service && { tag: service.tag, hold: service.hold?.reason },
        );
        if (service) {
          const { env, port, hold } = service;
          expect(readYaml(path, text).value).to.deep.include({ env, port, hold });
        }
      }),
      { numRuns: 500 },
    );
  });

  const refused = (text: string) =>
    serviceFileFindings(path, text).map(
      ({ line, column, message, fix }) => `${line}:${column} ${message} | ${fix}`,
    );
  const meansOne = "must mean one thing to every reader";

  for (const number of [
    ...[
      "0o17",
      "0O17",
      "017620",
      "08080",
      "0x1F90",
      "0X1F90",
      "0b1111111111111",
      "0B1111111111111",
    ],
    ...["8_080", "17_80", "190:20", "1:30", "8080.0", "8e3", "+8080", "8080.", "-0"],
  ]) {
    it(`has numbers in plain digits only, not ${number}`, () => {
      const [port] = refused(fileWith("port", number));
      expect(port)
        .to.match(/^4:7 found /)
        .and.include(`found ${number}; ${meansOne} | `);
      const [env] = refused(fileWith("env", number));
      expect(env).to.match(/^8:6 (found|env\.A: found) /);
      expect(readServiceFile(fileWith("env", JSON.stringify(number)))?.env).to.deep.equal({
        A: number,
      });
    });
  }

  for (const word of ["Y", "N", "NO", "ON", "OFF", "YES", "TRUE", "FALSE", "NULL"]) {
    it(`has the variable ${word} in quotes: without them it is no text for Helm`, () => {
      const text = fileWith("env", "a");
      expect(refused(text.replace("  A:", `  ${word}:`))).to.deep.equal([
        `8:3 found ${word}; ${meansOne} | write it in quotes: "${word}"`,
      ]);
      expect(refused(text.replace("  A:", `  "${word}":`))).to.deep.equal([]);
    });
  }

  for (const [escape, said] of [
    ['"\\/"', "\\/"],
    ['"\\ud83d\\ude00"', "\\ud83d"],
  ] as const) {
    it(`has no escape ${escape}, which Helm does not know`, () => {
      expect(refused(fileWith("env", escape))).to.deep.equal([
        `8:6 found ${escape}; ${meansOne} | write the character itself in place of ${said}`,
      ]);
    });
  }

  for (const character of [
    "\x00",
    "\x07",
    "\x7f",
    "\x85",
    "\x9b",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\ufffe",
    "\r",
  ]) {
    const name = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
    it(`has no ${name}: found once, with its line`, () => {
      const text = `${fileWith("env", "a")}# x${character}y\n`;
      expect(refused(text)).to.deep.equal([
        `12:4 found the character ${name}; must be printable text and ordinary line breaks: readers of YAML disagree about others | delete it, or write it as an escape in double quotes`,
      ]);
    });
  }

  for (const line of ["\t# why\n", "  \t\n", "\t"]) {
    it(`has no tab at the beginning of a line: ${JSON.stringify(line)}`, () => {
      expect(refused(`${fileWith("env", "a")}${line}`)).to.deep.equal([
        `12:1 found a tab at the beginning of a line; ${meansOne} | write blanks`,
      ]);
    });
  }

  it("has a blank behind a colon in braces, but needs none behind quotes", () => {
    const text = fileWith("env", "a");
    const fix = "write the key and its colon on one line, and a blank behind the colon";
    expect(refused(text.replace("env:\n  A: a", "env: { A:'a' }"))).to.deep.equal([
      `7:8 found A:'a'; ${meansOne} | ${fix}`,
    ]);
    expect(refused(text.replace("env:\n  A: a", 'env: {"A":"a"}'))).to.deep.equal([]);
  });

  it("is UTF-8", () => {
    const bytes = Buffer.from(`# Gr\xfc\xdfe\n${fileWith("env", "a")}`, "latin1");
    expect(refused(bytes.toString("utf8"))).to.deep.equal([
      "1:5 found bytes that are not UTF-8, or U+FFFD in their place; must be text in UTF-8 | write what stood there again, and save the file as UTF-8",
    ]);
    expect(refused(Buffer.from(fileWith("env", "a"), "utf16le").toString("utf8"))[0]).to.match(
      /^1:2 found the character U\+0000/,
    );
    expect(refused(fileWith("env", '"Grüße \u{1F600}"'))).to.deep.equal([]);
  });

  it("is YAML 1.1, where an unquoted yes is not text", () => {
    expect(readServiceFile(fileWith("env", "yes"))).to.equal(undefined);
    expect(servicesIn(new Map([[path, fileWith("env", "yes")]]))).to.deep.equal([]);
    expect(readServiceFile(fileWith("env", '"yes"'))?.env).to.deep.equal({ A: "yes" });
  });
});
