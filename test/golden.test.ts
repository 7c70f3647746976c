import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { parse } from "yaml";
import { z } from "zod";
import { environments, type Environment } from "../config/environments.ts";
import { fixtureRelease } from "./support/fixtures.ts";
import { goldenStackFiles } from "./support/golden.ts";
import { record, type Registered } from "./support/record.ts";

/** What a reviewer sees of a change: everything that each stack would register, with its inputs. */

const Config = z.object({ config: z.record(z.string(), z.unknown()) });

/** The committed settings, with small manifests of ours in place of the releases'. */
function configOf(environment: Environment): Record<string, string> {
  const file = `Pulumi.${environment}.yaml`;
  const { config } = Config.parse(parse(goldenStackFiles.get(file) ?? ""));
  const { imageUpdater, ...images } = asMap(config["idp:images"]);
  const settings = {
    ...config,
    "idp:argoCd": { ...asMap(config["idp:argoCd"]), ...manifestAt("argocd-install") },
    "idp:images": {
      ...images,
      ...(imageUpdater !== undefined && {
        imageUpdater: { ...asMap(imageUpdater), ...manifestAt("image-updater-install") },
      }),
    },
  };
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => key.startsWith("idp:"))
      .map(([key, value]) => [key, JSON.stringify(value)]),
  );
}

function asMap(value: unknown): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(value);
}

function manifestAt(name: Parameters<typeof fixtureRelease>[0]) {
  const { url, sha256 } = fixtureRelease(name);
  return { manifestUrl: url, manifestSha256: sha256 };
}

/** One resource a line, sorted, then the resources with their inputs, keys sorted: small differences in a diff. */
function canonical(resources: readonly Registered[]): string {
  const sorted = resources
    .map(({ type, name, inputs, provider }) => ({
      resource: `${type} ${name}`,
      provider: provider.replace(/::[^:]*$/, ""),
      inputs,
    }))
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
  return `${JSON.stringify(sorted, sortKeys, 2)}\n`;
}

function sortKeys(_key: string, value: unknown): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

let runs = 0;

async function runProgram(
  environment: Environment,
  preview: boolean,
  github: Readonly<Record<string, unknown>> = {},
): Promise<Registered[]> {
  return record(
    async () => {
      const config = configOf(environment);
      const changed = { ...asMap(JSON.parse(config["idp:github"] ?? "{}")), ...github };
      pulumi.runtime.setAllConfig({ ...config, "idp:github": JSON.stringify(changed) });
      // The query makes it a module of its own: the program runs anew each time.
      runs += 1;
      await import(`../index.ts?run=${runs}`);
    },
    { stack: environment, preview },
  );
}

describe("golden files", () => {
  for (const environment of environments) {
    it(`${environment} registers what its golden file says`, async () => {
      const file = join(import.meta.dirname, "golden", `${environment}.json`);
      const actual = canonical(await runProgram(environment, false));
      if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, actual);
      const expected = existsSync(file) ? readFileSync(file, "utf8") : "";
      expect(actual, `${file} differs. If the change is wanted: make golden`).to.equal(expected);
    });

    it(`${environment} registers the same resources in a preview`, async () => {
      const [preview, up] = [
        await runProgram(environment, true),
        await runProgram(environment, false),
      ];
      const urns = (resources: readonly Registered[]) => resources.map(({ urn }) => urn).sort();
      expect(urns(preview)).to.deep.equal(urns(up));
    });

    it(`${environment} gives every resource of AWS and Kubernetes its provider`, async () => {
      const withDefault = (await runProgram(environment, false)).filter(
        ({ type, custom, provider }) =>
          custom && /^(aws|kubernetes):/.test(type) && provider === "",
      );
      expect(withDefault.map(({ urn }) => urn)).to.deep.equal([]);
    });
  }

  it("a runner in the VPC adds to prod what its golden file says, and changes nothing else", async () => {
    const connectionArn = "arn:aws:codeconnections:us-west-2:100000000003:connection/0b1c2d3e";
    const plain = new Set((await runProgram("prod", false)).map((one) => canonical([one])));
    const changed = await runProgram("prod", false, { runner: { connectionArn } });
    const actual = canonical(changed.filter((one) => !plain.has(canonical([one]))));
    const file = join(import.meta.dirname, "golden/prod-with-runner.json");
    if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, actual);
    const expected = existsSync(file) ? readFileSync(file, "utf8") : "";
    expect(actual, `${file} differs. If the change is wanted: make golden`).to.equal(expected);
  });
});
