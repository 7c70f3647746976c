import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { removeTree } from "../../lib/remove-tree.ts";
import { binaryPath } from "../../twin/toolchain/locate.ts";
import { ensureHelm } from "../chart/helm.ts";
import { pullRequest } from "./runner/events.ts";
import { Origin } from "./runner/origin.ts";
import { run } from "./runner/run.ts";

/** What executor.tools.test.ts plays for the sake of speed, as it is: the rules over a pull request, with charts by Helm. */
describe("policy.yml with its own commands", function () {
  this.timeout(120_000);
  let scratch: string;
  before(async function () {
    this.timeout(0);
    await ensureHelm();
    scratch = mkdtempSync(join(tmpdir(), "idp-runner-"));
  });
  after(() => {
    removeTree(scratch);
  });

  it("lets the repository through, and stops a service file with a mistake", async () => {
    const origin = new Origin(join(scratch, "origin"), {}, { whole: true });
    const played = { "helm ": `exec '${binaryPath("helm")}' "$@"` };
    const checked = async (changes: Readonly<Record<string, string>>) => {
      const found = await run(scratch, origin, "policy.yml", pullRequest(origin, changes), {
        played,
      });
      return found?.jobs.find(({ name }) => name === "service-files");
    };
    const fine = await checked({ "README.md": "# Changed\n" });
    expect(fine?.result, fine?.steps.at(-1)?.log).to.equal("success");
    const broken = await checked({ "argocd/applications/dev/broken.yaml": "port: many\n" });
    expect(broken?.result).to.equal("failure");
    expect(broken?.steps.at(-1)?.log).to.include("argocd/applications/dev/broken.yaml");
  });
});
