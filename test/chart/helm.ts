import { join } from "node:path";
import { execa, ExecaError } from "execa";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { chartPath, renderChart } from "../../catalog/chart.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { ensureTools } from "../../twin/toolchain/build.ts";
import { binaryPath } from "../../twin/toolchain/locate.ts";

export const chart = join(repositoryRoot, chartPath);

const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
});
export type Manifest = z.infer<typeof Manifest>;

/** Builds Helm if it is missing. That takes minutes the first time, and nothing afterwards. */
export async function ensureHelm(): Promise<void> {
  await ensureTools(["helm"]);
}

/** Runs Helm and returns its output. An error has Helm's own message. */
export async function helm(args: readonly string[], input = ""): Promise<string> {
  try {
    return (await execa(binaryPath("helm"), args, { input })).stdout;
  } catch (error) {
    throw error instanceof ExecaError ? new Error(String(error.stderr)) : error;
  }
}

/** Renders the chart with a service's values as Argo CD does: release and namespace have the service's name. */
export async function render(service: string, values: unknown): Promise<Manifest[]> {
  return renderText(service, JSON.stringify(values));
}

/** Renders the chart with the text of a service file. */
export async function renderText(service: string, values: string): Promise<Manifest[]> {
  const text = await renderChart((args) => helm(args, values), {
    chart,
    service,
    values: "-",
    kubernetesVersion: "1.36",
  });
  return parseAllDocuments(text).map((document) => Manifest.parse(document.toJS()));
}
