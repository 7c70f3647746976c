import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { environments } from "../../config/environments.ts";
import { rules } from "../../policy/rules/index.ts";

const names = rules.map(({ name }) => name);

/** The names of a folder's files of an ending. */
function filesIn(folder: string, ending: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length));
}

describe("the rules", () => {
  it("are one a file, each named after its file", () => {
    const files = filesIn(join(import.meta.dirname, "../../policy/rules"), ".ts");
    expect([...names].sort()).to.deep.equal(files.filter((file) => file !== "index"));
  });

  it("have a test file each", () => {
    const tested = filesIn(import.meta.dirname, ".test.ts");
    expect(names.filter((name) => !tested.includes(name))).to.deep.equal([]);
  });

  for (const rule of rules) {
    it(`${rule.name} says why, what to do, and where to read more`, () => {
      expect(rule.reason).to.match(/^\S.*\.$/);
      expect(rule.fix).to.match(/^\S.*[^.\s]$/);
      expect(rule.link).to.match(/^(https:\/\/|\.\.\/)\S+$/);
      expect(Object.keys(rule.levels)).to.deep.equal([...environments]);
    });
  }

  it("are strict in prod", () => {
    expect(rules.filter(({ levels }) => levels.prod !== "mandatory")).to.deep.equal([]);
  });

  it("do not bother dev with prod's promises", () => {
    const bothered = rules.filter(
      ({ name, levels }) => name.startsWith("prod-") && levels.dev !== "disabled",
    );
    expect(bothered).to.deep.equal([]);
  });
});
