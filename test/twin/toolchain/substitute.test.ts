import { expect } from "chai";
import { accepts } from "../../../twin/toolchain/substitute.ts";

describe("a program of the user's own", () => {
  const cases: [printed: string, accept: "exact" | "newer", serves: boolean][] = [
    ["v3.274.1", "newer", true],
    ["3.274.1\n", "newer", true],
    ["v3.274.2", "newer", true],
    ["v3.300.0", "newer", true],
    ["v3.99.9", "newer", false],
    ["v3.274.0", "newer", false],
    ["v4.0.0", "newer", false],
    ["v2.999.0", "newer", false],
    ["v3.275.0-alpha.1", "newer", false],
    ["", "newer", false],
    ["command not found", "newer", false],
    ["v3.274.1", "exact", true],
    ["v3.274.2", "exact", false],
  ];
  for (const [printed, accept, serves] of cases) {
    it(`${serves ? "is used" : "is not used"} as ${JSON.stringify(printed)} for ${accept} 3.274.1`, () => {
      const substitute = { command: "pulumi", args: ["version"], version: "3.274.1", accept };
      expect(accepts(printed, substitute)).to.equal(serves);
    });
  }
});
