import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { format } from "prettier";
import { repositoryRoot } from "../../lib/paths.ts";
import { readmeOf } from "../../policy/readme.ts";
import { rules } from "../../policy/rules/index.ts";

describe("policy/README.md", () => {
  it("says what the rules say", async () => {
    const wanted = await format(readmeOf(rules), { parser: "markdown", printWidth: 100 });
    const found = readFileSync(join(repositoryRoot, "policy/README.md"), "utf8");
    expect(found, "policy/README.md is not current. Fix: make rules").to.equal(wanted);
  });
});
