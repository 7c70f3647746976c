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

/** Builds Helm where it is not there yet: minutes the first time, nothing after. */
export async function ensureHelm(): Promise<void> {
  await ensureTools(["helm"]);
}

/** Runs Helm; its own words are the error's. */
export async function helm(args: readonly string[], input = ""): Promise<string> {
  try {
    return (await execa(binaryPath("helm"), args, { input })).stdout;
  } catch (error) {
    throw error instanceof ExecaError ? new Error(String(error.stderr)) : error;
  }
}

/** What the chart makes of a service's values, as Argo CD renders it: release and namespace carry the service's name. */
export async function render(service: string, values: unknown): Promise<Manifest[]> {
  return renderText(service, JSON.stringify(values));
}

/** The same, of the text of a service file. */
export async function renderText(service: string, values: string): Promise<Manifest[]> {
  const text = await renderChart((args) => helm(args, values), {
    chart,
    service,
    values: "-",
    kubernetesVersion: "1.36",
  });
  return parseAllDocuments(text).map((document) => Manifest.parse(document.toJS()));
}
