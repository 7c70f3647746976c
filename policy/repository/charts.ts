import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { chartPath, renderChart, type Helm } from "../../catalog/chart.ts";
import { finding, type Finding, type Place } from "../../catalog/finding.ts";
import type { Service } from "../../catalog/service.ts";
import type { Context, Manifest, Rule } from "../rule.ts";
import { shown } from "../values.ts";
import { findingsOf } from "./findings.ts";
import { placeIn } from "./place.ts";
import { faultsIn, schemaFinding, type Kinds } from "./schemas.ts";

/** An object that the chart rendered. */
interface Rendered {
  /** The template, from the repository's root. */
  readonly template: string;
  readonly manifest: Manifest;
}

/**
 * The rules over what the chart makes of one service's file, and whether the Kubernetes API takes it.
 *
 * @param kubernetesVersion of the environment's cluster
 * @param kinds of that version
 */
export async function chartFindings(
  root: string,
  rules: readonly Rule[],
  service: Service,
  context: Context,
  kubernetesVersion: string | undefined,
  kinds: Kinds,
  helm: Helm,
): Promise<Finding[]> {
  const { environment } = context;
  let text: string;
  try {
    text = await renderChart(helm, {
      chart: join(root, chartPath),
      service: service.name,
      values: join(root, service.file),
      kubernetesVersion,
    });
  } catch (error) {
    return [
      finding(
        { file: service.file, line: 1, column: 1 },
        {
          rule: "chart-renders",
          key: "",
          found: error instanceof Error ? error.message.trim() : String(error),
          allowed: "must be rendered by the chart",
          fix: `correct the file or ${chartPath}`,
          reason: "What Helm cannot render, Argo CD cannot deploy.",
        },
      ),
    ];
  }
  const rendered = renderedIn(text);
  const manifests = rendered.map(({ manifest }) => manifest);
  return [
    ...rules.flatMap((rule) => [
      ...rendered.flatMap(({ template, manifest }) =>
        findingsOf(rule, environment, rule.workload?.(manifest, context) ?? [], ({ path }) =>
          placeInFile(root, template, path),
        ),
      ),
      ...findingsOf(rule, environment, rule.release?.(manifests, context) ?? [], () => ({
        file: `${chartPath}/Chart.yaml`,
        line: 1,
        column: 1,
      })),
    ]),
    ...rendered.flatMap((one) => schemaFindings(root, one, kinds)),
  ];
}

function schemaFindings(root: string, { template, manifest }: Rendered, kinds: Kinds): Finding[] {
  if (!kinds.kubernetes) return [];
  // The project allows the chart no custom resource.
  const faults = faultsIn(manifest, { ...kinds, custom: new Map() }) ?? [
    {
      path: "kind",
      found: shown(manifest["kind"]),
      allowed: `must be one of ${Object.keys(kinds.kubernetes.kinds).join(", ")}`,
    },
  ];
  return faults.map((fault) =>
    schemaFinding(manifest, fault, placeInFile(root, template, fault.path)),
  );
}

/** The objects in Helm's output, each below a comment that names its template. */
function renderedIn(text: string): Rendered[] {
  return text.split(/^---$/m).flatMap((part) => {
    const source = /^# Source: [^/]+\/(\S+)$/m.exec(part)?.[1];
    if (source === undefined) return [];
    return parseAllDocuments(part).flatMap((document) => {
      const value: unknown = document.toJS();
      return typeof value === "object" && value !== null
        ? [{ template: `${chartPath}/${source}`, manifest: value as Manifest }]
        : [];
    });
  });
}

function placeInFile(root: string, file: string, path: string): Place {
  return placeIn(file, readFileSync(join(root, file), "utf8"), path);
}
