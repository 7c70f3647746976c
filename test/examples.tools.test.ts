import { expect } from "chai";
import { execa } from "execa";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspectCatalog } from "../catalog/read.ts";
import { committedRules } from "../catalog/committed-rules.ts";
import { repositoryRoot } from "../lib/paths.ts";

const folder = join(repositoryRoot, "examples");
const examples = readdirSync(folder);

describe("the examples", () => {
  it("are the services that the committed files name", async () => {
    const rules = committedRules(repositoryRoot);
    const { services } = await inspectCatalog(repositoryRoot, "dev", rules.dev);
    expect(services.map(({ name }) => name)).to.include.members(examples);
    for (const { name, port } of services.filter(({ name }) => examples.includes(name))) {
      // Without PORT it listens where its service file says.
      expect(readFileSync(join(folder, name, "main.go"), "utf8")).to.include(`"${port}"`);
    }
  });

  for (const name of examples) {
    it(`pass their own tests: ${name}`, async function () {
      this.timeout(300_000);
      await execa("go", ["test", "./..."], {
        cwd: join(folder, name),
        env: { GOTOOLCHAIN: "local" },
      });
    });
  }
});
