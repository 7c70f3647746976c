/**
 * The policy pack under the real engine: programs that try to get an automated sync into prod, each by another road,
 * are refused in preview and in up; in dev nobody is bothered. No cluster is needed: the Kubernetes provider writes files.
 */
import { expect } from "chai";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../../lib/paths.ts";
import { engineFor, type Engine } from "../support/engine.ts";

const rule = "prod-applications-sync-manually";
const fix = "Fix: leave syncPolicy.automated, templatePatch, rollingSync and operation out";
const pack = ["--policy-pack", join(repositoryRoot, "policy")];

const roads = [
  "syncPolicy",
  "templatePatch",
  "generator",
  "rollingSync",
  "patch",
  "customResource",
  "configGroup",
  "output",
  "unknown",
];

describe("the policy pack under the real engine", function () {
  this.timeout(180_000);
  let engine: Engine;

  before(async function () {
    this.timeout(3_600_000);
    engine = await engineFor("policy", ["@pulumi/aws", "@pulumi/kubernetes"]);
    for (const [stack, accountId] of [
      ["prod", "100000000003"],
      ["dev", "935743309409"],
    ] as const) {
      await run(["stack", "init", stack]);
      for (const [key, value] of [
        ["aws", { accountId, region: "us-west-2" }],
        ["repository", { url: "https://github.com/acme/idp", branch: "main" }],
      ] as const) {
        await run(["config", "set", "--stack", stack, `idp:${key}`, JSON.stringify(value)]);
      }
    }
  });

  after(() => {
    engine.remove();
  });

  async function run(args: readonly string[], road = "") {
    const rendered = join(engine.folder, `rendered-${road}`);
    const { code, text } = await engine.pulumi(args, { CASE: road, RENDERED: rendered });
    return { code, text, rendered };
  }

  /** Files that were applied, as the provider writes them. */
  function applied(folder: string): string[] {
    return existsSync(folder)
      ? readdirSync(folder, { recursive: true, encoding: "utf8" })
          .filter((file) => file.endsWith(".yaml"))
          .map((file) => readFileSync(join(folder, file), "utf8"))
      : [];
  }

  for (const road of roads) {
    it(`refuses ${road} in prod, in preview and in up`, async () => {
      for (const verb of [["preview"], ["up", "--yes", "--skip-preview"]]) {
        const { code, text, rendered } = await run([...verb, "--stack", "prod", ...pack], road);
        expect(code, text).not.to.equal(0);
        expect(text).to.include(rule);
        expect(text).to.include(fix);
        expect(applied(rendered).filter((file) => file.includes("automated"))).to.deep.equal([]);
      }
    });
  }

  for (const road of roads.filter((name) => name !== "unknown")) {
    it(`does not bother dev with ${road}`, async () => {
      const { code, text } = await run(["preview", "--stack", "dev", ...pack], road);
      expect(text).not.to.include(rule);
      expect(code, text).to.equal(0);
    });
  }
});
