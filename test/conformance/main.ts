/**
 * Compares the doubles of awsx and eks with the real components: the same engine, the same AWS double, the same settings,
 * and either the doubles or the two programs on PATH. Ends with 0 where they do the same, 1 with a table of differences
 * where they do not, and 2 where a program is missing.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { environments, type Environment } from "../../config/environments.ts";
import { Settings } from "../../config/schema.ts";
import { readStackFile } from "../../config/stack-files.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { sdkVersion } from "../../twin/engine/sdk-version.ts";
import { twinAccounts } from "../../twin/state/twin.ts";
import { engineFor } from "../e2e/support/engine.ts";
import { changes, minorVersion } from "./changes.ts";
import { compare, judge, type Difference } from "./compare.ts";
import { known } from "./known.ts";
import { recordingOf, type Printed, type Recording } from "./recording.ts";

const packages = ["awsx", "eks"];

/** The program on PATH, if there is one. */
function onPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders
    .map((folder) => join(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** The committed settings of a stack, for its account in the twin, and one Kubernetes version below: it then goes up. */
function settingsOf(environment: Environment): Settings {
  const { aws, cluster, ...others } = Settings.parse(
    readStackFile(repositoryRoot, environment)?.settings,
  );
  const { accountId, profile } = twinAccounts[environment];
  const version = minorVersion(cluster.version, -1);
  return {
    ...others,
    aws: { ...aws, accountId, profile },
    cluster: { ...cluster, version },
  };
}

/** Runs a stack through everything: a first plan, up, the usual changes as plans, destroy. */
async function record(
  environment: Environment,
  real: Readonly<Record<string, string>>,
): Promise<Recording> {
  const settings = settingsOf(environment);
  const engine = await engineFor(
    "conformance",
    ["@pulumi/aws", "@pulumi/awsx", "@pulumi/eks"],
    real,
  );
  const pulumi = async (args: readonly string[], given: Settings = settings): Promise<string> => {
    const { code, text } = await engine.pulumi(args, {
      CONFORMANCE_STACK: environment,
      CONFORMANCE_SETTINGS: JSON.stringify(given),
      PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true",
    });
    if (code !== 0) throw new Error(`${environment}: pulumi ${args.join(" ")} failed:\n${text}`);
    console.log(`  pulumi ${args.join(" ")}`);
    return text;
  };
  const applied = ["--yes", "--skip-preview", "--json"];
  try {
    await pulumi(["stack", "init", environment]);
    const firstPlan = await pulumi(["preview", "--json"]);
    const up = await pulumi(["up", ...applied]);
    const checkpoint = await pulumi(["stack", "export", "--show-secrets"]);
    const plans: [string, string][] = [];
    for (const [name, change] of Object.entries(changes)) {
      plans.push([name, await pulumi(["preview", "--json"], change(settings))]);
    }
    const { deletionProtection } = settings.cluster;
    if (deletionProtection) {
      const cluster = { ...settings.cluster, deletionProtection: false };
      await pulumi(["up", ...applied], { ...settings, cluster });
    }
    const destroy = await pulumi(["destroy", ...applied]);
    const printed: Printed = {
      ...{ firstPlan, up, checkpoint, destroy },
      changes: Object.fromEntries(plans),
    };
    return recordingOf(printed, settings.aws.accountId);
  } finally {
    engine.remove();
  }
}

function shown({ stage, resource, what, doubles, real }: Difference): string {
  const text = (value: unknown) => (value === undefined ? "absent" : JSON.stringify(value));
  return [
    `${stage}: ${resource} ${what}`.replaceAll(/ +/g, " "),
    `  doubles: ${text(doubles)}`,
    `  real:    ${text(real)}`,
  ].join("\n");
}

const { positionals } = parseArgs({ allowPositionals: true });
const stacks = environments.filter(
  (name) => positionals.length === 0 || positionals.includes(name),
);
const real: Record<string, string> = {};
const missing: string[] = [];
for (const name of packages) {
  const program = `pulumi-resource-${name}`;
  const path = onPath(program);
  if (path === undefined) missing.push(name);
  else real[program] = path;
}
if (missing.length > 0) {
  console.error(
    [
      "make conformance compares the doubles with the real components, and these are not on PATH:",
      ...missing.map((name) => `  pulumi-resource-${name} ${sdkVersion(name)}`),
      "They come with Pulumi's plugins, from get.pulumi.com and GitHub. Fix:",
      ...missing.map((name) => {
        const plugin = `resource ${name} ${sdkVersion(name)}`;
        return `  pulumi plugin install ${plugin} && export PATH="$HOME/.pulumi/plugins/resource-${name}-v${sdkVersion(name)}:$PATH"`;
      }),
    ].join("\n"),
  );
  process.exit(2);
}

const differences: Difference[] = [];
for (const stack of stacks) {
  console.log(`${stack}, with the doubles`);
  const doubles = await record(stack, {});
  console.log(`${stack}, with ${Object.values(real).join(" and ")}`);
  for (const difference of compare(doubles, await record(stack, real))) {
    differences.push({ ...difference, stage: `${stack}, ${difference.stage}` });
  }
}
const { unexpected, gone } = judge(differences, known);
for (const difference of unexpected) console.log(shown(difference));
for (const { resource, what } of gone) {
  console.log(
    `${resource} ${what}: no longer differs. Fix: delete it from test/conformance/known.ts`,
  );
}
console.log(
  `${stacks.join(", ")}: ${differences.length} differences, ${unexpected.length} of them unexpected`,
);
process.exitCode = unexpected.length + gone.length === 0 ? 0 : 1;
