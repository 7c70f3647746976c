import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { environments } from "../../config/environments.ts";
import { rules } from "../../policy/rules/index.ts";
import { prod, settings } from "./support.ts";

/** Settings that every rule which looks at settings refuses. */
const wrong = {
  repository: { url: "https://example.com/idp", branch: "next" },
  network: { natGateways: "Single" },
  cluster: { deletionProtection: false, publicAccessCidrs: ["0.0.0.0/0"] },
  argoCd: { sync: "automated" },
  images: { strategy: "semver" },
  github: { repository: "acme/idp" },
};

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

  it("judge each setting once", () => {
    const owners = rules.flatMap(({ name, settings: look }) =>
      (look?.(settings(wrong), prod) ?? []).map(({ path }) => [path, name] as const),
    );
    expect(owners.map(([path]) => path).sort()).to.deep.equal([
      "argoCd.sync",
      "cluster.deletionProtection",
      "cluster.publicAccessCidrs",
      "images.strategy",
      "network.natGateways",
      "repository.branch",
      "repository.url",
    ]);
    const looking = rules.filter((rule) => rule.settings).map(({ name }) => name);
    expect(owners.map(([, name]) => name).sort()).to.deep.equal([...looking].sort());
    const ownerOf = new Map(owners);
    for (const { name, levels, follows = [] } of rules) {
      for (const key of follows) {
        const owner = rules.find((rule) => rule.name === ownerOf.get(key));
        // What follows is not reported beside its cause, so it must not be held more strictly.
        expect(owner?.levels, `${name} follows ${key}`).to.deep.equal(levels);
      }
    }
  });

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
