import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { addRepository } from "../../../twin/cluster/applications.ts";
import { listClusters } from "../../../twin/cluster/cluster.ts";
import { stopProcess } from "../../../twin/process/processes.ts";
import { ensureRegistry } from "../../../twin/images/registry.ts";
import { binaryPath } from "../../../twin/toolchain/locate.ts";
import {
  repositoryUrl,
  requireTwin,
  twinAccounts,
  twinPaths,
  twinRegistry,
} from "../../../twin/state/twin.ts";
import { tagsOf } from "../../../promotion/registry.ts";
import { runPage } from "../support/pages.ts";
import { eventually, idp, statusOf, succeeded } from "../support/twin.ts";

const Running = z.object({
  service: z.string(),
  environment: z.string(),
  cluster: z.object({
    sync: z.literal("Synced"),
    health: z.literal("Healthy"),
    images: z.tuple([z.object({ image: z.string(), tag: z.string(), digest: z.string() })]),
  }),
});

/** What staging's cluster runs, and the digest that staging's registry has of it. */
async function running() {
  const { stdout } = succeeded(await idp("status", "--cluster", "--json"));
  const { services } = z.object({ services: z.array(z.unknown()) }).parse(JSON.parse(stdout));
  const Staging = z.object({ environment: z.literal("staging") });
  return services
    .filter((row) => Staging.safeParse(row).success)
    .map((row) => Running.parse(row))
    .map(({ service, cluster: { images } }) => ({ service, ...images[0] }));
}

/** Deletes all images of staging's account, as losing the account does. */
async function emptyRegistry(): Promise<void> {
  await stopProcess("registry-staging");
  const { accountId } = twinAccounts.staging;
  rmSync(join(twinPaths().state, "registry", accountId), { recursive: true });
  await ensureRegistry(binaryPath("registry"), requireTwin(), "staging");
}

describe("a disaster in staging", function () {
  this.timeout(600_000);

  it("is over after docs/runbooks/disaster.md: the same digests run, from git and prod's registry alone", async () => {
    const before = await running();
    expect(before.map(({ service }) => service)).to.include("time-service");

    const start = Date.now();
    const seconds = () => `${((Date.now() - start) / 1000).toFixed(0)} s`;
    const steps: string[] = [];
    await runPage("docs/runbooks/disaster.md", {
      // The page has the versions of the first day.
      adapt: (command) => {
        const [words, service = ""] = /^npx idp release (\S+)/.exec(command) ?? [];
        if (words === undefined) return command;
        const { tag = "" } = before.find((row) => row.service === service) ?? {};
        return `${words} ${tag} --from prod`;
      },
      meanwhile: async (command) => {
        if (command.startsWith("pulumi up")) {
          steps.push(`staging was gone after ${seconds()}`);
          const { accountId } = twinAccounts.staging;
          expect(listClusters().filter((one) => one.accountId === accountId)).to.deep.equal([]);
          await emptyRegistry();
          const registry = twinRegistry(requireTwin(), "staging");
          for (const { image } of before) expect(await tagsOf(registry, image)).to.deep.equal([]);
        }
        // What the key of the app that writes is on AWS.
        if (command.startsWith("npx idp release time-service")) {
          steps.push(`had its cluster and Argo CD after ${seconds()}`);
          await addRepository("staging", repositoryUrl(requireTwin()));
        }
      },
    });
    for (const { service, tag } of before) {
      await eventually(
        `staging runs ${service} ${tag}`,
        () => statusOf("staging", service),
        (status) => status?.tag === tag && status.sync === "Synced" && status.health === "Healthy",
      );
    }
    console.log(`      ${steps.join(", ")}, and its services after ${seconds()}`);
    expect(await running()).to.deep.equal(before);
  });
});
