import { readFileSync } from "node:fs";
import { join } from "node:path";
import pMap from "p-map";
import { LineCounter, parseDocument, isSeq } from "yaml";
import type { Helm } from "../../catalog/chart.ts";
import { committed } from "../../config/committed.ts";
import { finding, type Finding } from "../../catalog/finding.ts";
import type { Catalog } from "../../catalog/read.ts";
import type { StackFile } from "../../config/stack-files.ts";
import { exceptionsFile, isExcepted, isExpired, readExceptions } from "../exceptions.ts";
import { rules } from "../rules/index.ts";
import { chartFindings } from "./charts.ts";
import { once } from "./findings.ts";
import { kindsOf, type ReadRelease } from "./schemas.ts";
import { contextOf, stackFindings } from "./stacks.ts";
import { versionFindings, type Before } from "./versions.ts";

/** What the check of a repository's files needs beside them. */
export interface CheckOptions {
  readonly helm: Helm;
  /** Reads the manifests of the releases that the settings pin, for the kinds that they define. */
  readonly readRelease: ReadRelease;
  /** How many charts are rendered at once. */
  readonly concurrency: number;
  readonly before: Before;
  readonly now: Date;
  /** Told after each rendered chart. */
  readonly onRendered?: (done: number, total: number) => void;
}

/**
 * All rules over a repository: the committed settings, what the program makes of them for Argo CD, the versions, and
 * the chart rendered with every service file. Each finding once, less the exceptions; an exception that has run out is
 * a finding.
 */
export async function policyFindings(
  root: string,
  stackFiles: readonly StackFile[],
  catalogs: readonly Catalog[],
  { helm, readRelease, concurrency, before, now, onRendered }: CheckOptions,
): Promise<Finding[]> {
  const exceptions = readExceptions(join(root, "policy"));
  const jobs = await Promise.all(
    stackFiles.flatMap((stackFile) => {
      const catalog = catalogs.find(({ environment }) => environment === stackFile.environment);
      return catalog ? [jobOf(stackFile, catalog, readRelease)] : [];
    }),
  );
  const charts = jobs.flatMap(({ catalog, ...job }) =>
    catalog.services.map((service) => ({ service, ...job })),
  );
  let done = 0;
  const rendered = await pMap(
    charts,
    async ({ service, context, stackFile, kinds }) => {
      const { version } = committed(stackFile).cluster;
      const found = await chartFindings(root, rules, service, context, version, kinds, helm);
      done += 1;
      onRendered?.(done, charts.length);
      return { environment: context.environment, found };
    },
    { concurrency },
  );
  const perEnvironment = jobs.flatMap(({ stackFile, catalog, context, kinds }) => {
    const { environment } = stackFile;
    const found = [
      ...stackFindings(root, rules, stackFile, catalog, kinds),
      ...versionFindings(root, rules, catalog, catalogs, context, before),
      ...rendered.filter((one) => one.environment === environment).flatMap((one) => one.found),
    ];
    return found.filter(
      ({ rule, file }) => !isExcepted(exceptions, { rule, environment, where: file }, now),
    );
  });
  return [...once(perEnvironment), ...expiredExceptions(root, now)];
}

async function jobOf(stackFile: StackFile, catalog: Catalog, readRelease: ReadRelease) {
  const kinds = await kindsOf(stackFile, readRelease);
  return { stackFile, catalog, context: contextOf(stackFile), kinds };
}

function expiredExceptions(root: string, now: Date): Finding[] {
  const file = `policy/${exceptionsFile}`;
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(join(root, file), "utf8"), { lineCounter: lines });
  const entries = isSeq(document.contents) ? document.contents.items : [];
  return readExceptions(join(root, "policy")).flatMap((exception, index) => {
    if (!isExpired(exception, now)) return [];
    const node = entries[index] as { range?: readonly [number, number, number] } | undefined;
    const { line, col } = lines.linePos(node?.range?.[0] ?? 0);
    return finding(
      { file, line: Math.max(line, 1), column: Math.max(col, 1) },
      {
        rule: "exceptions-are-current",
        key: "until",
        found: exception.until,
        allowed: `must not be past: ${exception.rule} for ${exception.where} is no longer excepted`,
        fix: `ask ${exception.owner}; correct what was excepted, or agree on another day`,
        reason: "An exception ends on the day that was agreed on.",
      },
    );
  });
}
