import { readFileSync } from "node:fs";
import { join } from "node:path";
import pMap from "p-map";
import { LineCounter, parseDocument, isSeq } from "yaml";
import type { Helm } from "../../catalog/chart.ts";
import type { Finding, Place } from "../../catalog/finding.ts";
import type { Catalog } from "../../catalog/read.ts";
import { committed } from "../../config/committed.ts";
import { environments } from "../../config/environments.ts";
import type { StackFile } from "../../config/stack-files.ts";
import { evaluate } from "../evaluate.ts";
import { exceptionsFile, expiredExceptions, readExceptions } from "../exceptions.ts";
import type { Exception } from "../exceptions.ts";
import { recordedStacks, type Recorder } from "../program/registrations.ts";
import { rules } from "../rules/index.ts";
import { faultsByFile } from "./chart-faults.ts";
import { renderedChart } from "./charts.ts";
import { once } from "./findings.ts";
import { promotionFindings } from "./promotions.ts";
import { kindsOf } from "./schemas.ts";
import type { ReadRelease } from "../../config/release-manifest.ts";
import { contextOf, stackFindings } from "./stacks.ts";
import { versionSubjects, type Before, type Had } from "./versions.ts";

/** What the check of a repository's files needs beside them. */
export interface CheckOptions {
  readonly helm: Helm;
  /** Reads the manifests of the releases that the settings pin, for the kinds that they define. */
  readonly readRelease: ReadRelease;
  /** Runs the repository's program, for the rules over its resources. @default only what it hands to Argo CD is judged */
  readonly record?: Recorder;
  /** How many charts are rendered at once. */
  readonly concurrency: number;
  readonly before: Before;
  /** @default git's history is not known: what was taken back counts as never there */
  readonly had?: Had | undefined;
  readonly now: Date;
  /** Told after each rendered chart. */
  readonly onRendered?: (done: number, total: number) => void;
}

/**
 * All rules over a repository: the committed settings, what the program registers with them, the versions, and the chart
 * rendered with every service file. Each finding once, less the exceptions; an exception that has run out is a finding.
 */
export async function policyFindings(
  root: string,
  stackFiles: readonly StackFile[],
  catalogs: readonly Catalog[],
  { helm, readRelease, record, concurrency, before, had = () => [], now, onRendered }: CheckOptions,
): Promise<Finding[]> {
  const exceptions = readExceptions(join(root, "policy"));
  const jobs = await Promise.all(
    stackFiles.flatMap((stackFile) => {
      const catalog = catalogs.find(({ environment }) => environment === stackFile.environment);
      return catalog ? [jobOf(stackFile, catalog, readRelease)] : [];
    }),
  );
  const charts = jobs.flatMap(({ catalog, stackFile, kinds }) =>
    catalog.services.map((service) => ({ service, stackFile, kinds })),
  );
  let done = 0;
  const renderings = pMap(
    charts,
    async ({ service, stackFile, kinds }) => {
      const { version } = committed(stackFile).cluster;
      const chart = await renderedChart(root, service, version, kinds, helm);
      done += 1;
      onRendered?.(done, charts.length);
      return { stackFile, chart };
    },
    { concurrency },
  );
  const judgedFiles = jobs.map(({ stackFile }) => stackFile);
  const [rendered, recorded] = await Promise.all([
    renderings,
    record ? recordedStacks(root, judgedFiles, readRelease, record) : [],
  ]);
  const perEnvironment = jobs.flatMap(({ stackFile, catalog, context, kinds }, index) => {
    const own = rendered.flatMap((one) => (one.stackFile === stackFile ? [one.chart] : []));
    const subjects = [
      ...versionSubjects(root, catalog, catalogs, before, had),
      ...own.flatMap((chart) => chart.subjects),
    ];
    return [
      ...stackFindings(
        root,
        rules,
        { stackFile, catalog, kinds, recorded: recorded[index] },
        exceptions,
        now,
      ),
      ...evaluate(rules, subjects, context, exceptions, now),
      ...own.flatMap((chart) => chart.findings),
    ];
  });
  const placeOf = exceptionPlaces(root, exceptions);
  const expired = environments.flatMap((environment) =>
    expiredExceptions(exceptions, environment, now, placeOf),
  );
  const faults = faultsByFile(
    rendered.flatMap(({ chart }) => chart.faults),
    charts.map(({ service }) => service.file),
    (file) => readFileSync(join(root, file), "utf8"),
  );
  return once([
    ...perEnvironment,
    ...faults,
    ...promotionFindings(root, catalogs, before),
    ...expired,
  ]);
}

async function jobOf(stackFile: StackFile, catalog: Catalog, readRelease: ReadRelease) {
  const kinds = await kindsOf(stackFile, readRelease);
  return { stackFile, catalog, context: contextOf(stackFile), kinds };
}

/** Where each exception stands in its file. */
function exceptionPlaces(
  root: string,
  exceptions: readonly Exception[],
): (exception: Exception) => Place {
  const file = `policy/${exceptionsFile}`;
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(join(root, file), "utf8"), { lineCounter: lines });
  const entries = isSeq(document.contents) ? document.contents.items : [];
  return (exception) => {
    const node = entries[exceptions.indexOf(exception)] as
      { range?: readonly [number, number, number] } | undefined;
    const { line, col } = lines.linePos(node?.range?.[0] ?? 0);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
}
