import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { stackCost } from "../../../cost/stack-cost.ts";
import { environments } from "../../../config/environments.ts";
import type { Check } from "../../../doctor/checks.ts";
import { repositoryRoot } from "../../../lib/paths.ts";
import { twinPaths } from "../../../twin/state/twin.ts";
import { idp, pulumi, succeeded } from "../support/twin.ts";

describe("an operator's questions", () => {
  it("idp doctor: nothing has failed on the twin, and AWS's own questions are skipped", async () => {
    const { stdout } = succeeded(await idp("doctor", "--twin", "--json"));
    const { checks } = JSON.parse(stdout) as { checks: Check[] };
    const named = (status: Check["status"]) =>
      checks
        .filter((check) => check.status === status)
        .map(({ about, name }) => `${about} ${name}`);
    expect(named("failed")).to.deep.equal([]);
    expect(named("ok")).to.include.members([
      "machine pulumi",
      "machine state backend",
      "repository branch",
      ...environments.map((environment) => `${environment} credentials`),
    ]);
    expect(named("skipped")).to.include.members(["dev VPCs", "prod Kubernetes", "prod DNS zone"]);
  });

  for (const environment of environments) {
    it(`idp cost: a preview of ${environment} costs what its golden file does, and changes nothing`, async () => {
      const preview = succeeded(
        await pulumi("preview", "--json", "--show-sames", "-s", environment),
      );
      const file = join(twinPaths().state, `preview-${environment}.json`);
      writeFileSync(file, preview.stdout);
      const said = succeeded(await idp("cost", environment, "--preview", file, "--json"));
      const { stacks } = JSON.parse(said.stdout) as { stacks: unknown };
      const golden = await stackCost(repositoryRoot, environment);
      expect(stacks).to.deep.equal([{ ...golden, before: golden.dollars }]);
    });
  }
});
