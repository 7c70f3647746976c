import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { repositoryRoot } from "../../lib/paths.ts";
import { exceptionsFile, isExpired, readExceptions } from "../../policy/exceptions.ts";
import { rules } from "../../policy/rules/index.ts";

const entry = {
  rule: "keys-rotate",
  environment: "prod",
  where: "aws:kms/key:Key old",
  owner: "platform-team",
  reason: "imported material",
  until: "2026-12-31",
};

function read(content: unknown) {
  const folder = mkdtempSync(join(tmpdir(), "idp-exceptions-"));
  try {
    writeFileSync(join(folder, exceptionsFile), JSON.stringify(content));
    return readExceptions(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the exceptions", () => {
  it("are read from their file", () => {
    expect(read([entry])).to.deep.equal([entry]);
  });

  for (const key of Object.keys(entry)) {
    it(`need ${key}`, () => {
      const without = Object.fromEntries(Object.entries(entry).filter(([name]) => name !== key));
      expect(() => read([without])).to.throw(`policy/exceptions.yaml is not valid:`);
      expect(() => read([without])).to.throw(key);
    });
  }

  for (const [what, wrong] of [
    ["another key", { ...entry, why: "x" }],
    ["a day that there is not", { ...entry, until: "2026-02-30" }],
    ["no reason", { ...entry, reason: " " }],
    ["another environment", { ...entry, environment: "test" }],
  ] as const) {
    it(`refuse ${what}`, () => {
      expect(() => read([wrong])).to.throw("Fix: its first lines show an entry");
    });
  }

  it("end with their last day, in UTC", () => {
    const [exception] = read([entry]);
    if (!exception) throw new Error("none");
    expect(isExpired(exception, new Date("2026-12-31T23:59:59Z"))).to.equal(false);
    expect(isExpired(exception, new Date("2027-01-01T00:00:00Z"))).to.equal(true);
  });

  it("of this repository name rules that there are", () => {
    const names = rules.map(({ name }) => name);
    const committed = readExceptions(join(repositoryRoot, "policy"));
    expect(committed.filter(({ rule }) => !names.includes(rule))).to.deep.equal([]);
  });
});
