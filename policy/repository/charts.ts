import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { chartPath, renderChart, type Helm } from "../../catalog/chart.ts";
import { finding, type Finding, type Place } from "../../catalog/finding.ts";
import type { Service } from "../../catalog/service.ts";
import type { Subject } from "../evaluate.ts";
import type { Manifest, Violation } from "../rule.ts";
import { objectName, releaseName } from "../subjects.ts";
import { shown } from "../values.ts";
import type { ChartFault } from "./chart-faults.ts";
import { placeIn } from "./place.ts";
import { faultsIn, schemaFinding, type Kinds } from "./schemas.ts";

/** An object that the chart rendered. */
interface Rendered {
  /** The template, from the repository's root. */
  readonly template: string;
  readonly manifest: Manifest;
}

/** What the chart makes of one service's file: for the rules, and what is wrong with it beside them. */
export interface RenderedChart {
  readonly subjects: readonly Subject<"workload" | "release", Place>[];
  readonly findings: readonly Finding[];
  /** What the Kubernetes API would not take of it. */
  readonly faults: readonly ChartFault[];
}

/**
 * Renders one service's file, and asks whether the Kubernetes API takes the result.
 *
 * @param kubernetesVersion of the environment's cluster
 * @param kinds of that version
 */
export async function renderedChart(
  root: string,
  service: Service,
  kubernetesVersion: string | undefined,
  kinds: Kinds,
  helm: Helm,
): Promise<RenderedChart> {
  let text: string;
  try {
    text = await renderChart(helm, {
      chart: join(root, chartPath),
      service: service.name,
      values: join(root, service.file),
      kubernetesVersion,
    });
  } catch (error) {
    const refused = finding(
      { file: service.file, line: 1, column: 1 },
      {
        rule: "chart-renders",
        key: "",
        found: error instanceof Error ? error.message.trim() : String(error),
        allowed: "must be rendered by the chart",
        fix: `correct the file or ${chartPath}`,
        reason: "What Helm cannot render, Argo CD cannot deploy.",
      },
    );
    return { subjects: [], findings: [refused], faults: [] };
  }
  const rendered = renderedIn(text);
  return {
    subjects: [
      ...rendered.map(({ template, manifest }) => ({
        face: "workload" as const,
        value: manifest,
        where: objectName(manifest),
        at: ({ path }: Violation) => placeInFile(root, template, path),
      })),
      {
        face: "release",
        value: rendered.map(({ manifest }) => manifest),
        where: releaseName(service.name),
        at: () => ({ file: `${chartPath}/Chart.yaml`, line: 1, column: 1 }),
      },
    ],
    findings: [],
    faults: rendered.flatMap((one) =>
      schemaFindings(root, one, kinds).map((finding) => ({ finding, file: service.file })),
    ),
  };
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
