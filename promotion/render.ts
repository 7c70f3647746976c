import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { chartPath, renderChart, type Helm } from "../catalog/chart.ts";
import { committed } from "../config/committed.ts";
import type { Environment } from "../config/environments.ts";
import { parseStackFile, stackFileOf } from "../config/stack-files.ts";
import { inScratchFolder } from "../lib/scratch-folder.ts";
import type { Snapshot } from "./workspace.ts";
import type { Repository } from "./repository.ts";

/** A service file to render. */
export interface ServiceValues {
  readonly environment: Environment;
  readonly service: string;
  /** Text of the service file. */
  readonly text: string;
}

/**
 * Returns the manifests that Argo CD renders from service files, in the order of `values`. The chart is that of the
 * snapshot's commit, and each file is rendered for its environment's version of Kubernetes.
 * @throws Error with Helm's message when one cannot be rendered
 */
export async function renderAll(
  repository: Repository,
  { commit, files }: Snapshot,
  values: readonly ServiceValues[],
  helm: Helm,
): Promise<string[]> {
  return inScratchFolder("render", async (scratch) => {
    await repository.checkOut(commit, chartPath, scratch);
    return Promise.all(
      values.map(async ({ environment, service, text }, index) => {
        const file = join(scratch, `${index}.yaml`);
        writeFileSync(file, text);
        const stackFile = parseStackFile(environment, files.get(stackFileOf(environment)) ?? "");
        return renderChart(helm, {
          chart: join(scratch, chartPath),
          service,
          values: file,
          kubernetesVersion: committed(stackFile).cluster.version,
        });
      }),
    );
  });
}

/**
 * Returns the unified diff of two texts, empty when they are the same.
 * @param names what the header calls them, such as `dev`
 */
export async function unifiedDiff(
  names: readonly [string, string],
  texts: readonly [string, string],
): Promise<string> {
  if (texts[0] === texts[1]) return "";
  return inScratchFolder("render", async (scratch) => {
    writeFileSync(join(scratch, "a"), texts[0]);
    writeFileSync(join(scratch, "b"), texts[1]);
    // Exit code 1 means that they differ.
    const args = ["diff", "--no-index", "--no-color", "--no-ext-diff", "--", "a", "b"];
    const { stdout } = await execa("git", args, { cwd: scratch, reject: false });
    const hunks = stdout.slice(stdout.indexOf("\n@@") + 1);
    return `--- ${names[0]}\n+++ ${names[1]}\n${hunks}`;
  });
}
