import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { format } from "prettier";
import { stackCost } from "../../cost/stack-cost.ts";
import { environments } from "../../config/environments.ts";
import { costPage } from "../../cost/page.ts";
import { repositoryRoot } from "../../lib/paths.ts";

describe("docs/cost.md", () => {
  it("has the current stacks and prices; to rewrite it: make golden", async () => {
    const stacks = await Promise.all(
      environments.map((environment) => stackCost(repositoryRoot, environment)),
    );
    const wanted = await format(costPage(stacks), { parser: "markdown", printWidth: 100 });
    const file = join(repositoryRoot, "docs/cost.md");
    if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, wanted);
    expect(existsSync(file) && readFileSync(file, "utf8")).to.equal(wanted);
  });
});
