/** What speaks for a change of prod. */
export interface Evidence {
  readonly service: string;
  readonly version: string;
  /** Version that prod's file names before. */
  readonly before: string;
  /** The one file that changes. */
  readonly file: string;
  /** Repository inside the registries. */
  readonly image: string;
  /** The one digest in staging's and prod's registry. */
  readonly digest: string;
  /** The build in dev's registry with that digest; null when it is no longer there. */
  readonly build: string | null;
  readonly staging: {
    /** Since when staging's file names the version. */
    readonly since: Date | null;
    /** Until when; null: it still does. */
    readonly until: Date | null;
    /** What staging's Argo CD says; null: it was not asked. */
    readonly argoCd: {
      readonly sync: string;
      readonly health: string;
      /** Tags that run there. */
      readonly tags: readonly string[];
    } | null;
  };
  /** Warnings of the rules; with an error nothing would be proposed. */
  readonly findings: readonly {
    readonly file: string;
    readonly rule: string;
    readonly message: string;
  }[];
  /** Unified diff of what the chart renders. */
  readonly manifest: string;
}

/** The evidence for a reader: title, empty line, body in Markdown. Also the commit's message, so git keeps it. */
export function evidenceText(evidence: Evidence): string {
  const { service, version, before, file, image, digest, build, findings, manifest } = evidence;
  const rows = [
    ["dev", build === null ? "its build is no longer there" : `${image}:${build}`],
    ["staging", `${image}:${version}`],
    ["prod", `${image}:${version}`],
  ];
  return [
    `Promote ${service} ${version} to prod`,
    "",
    `${before} -> ${version}, one line of ${file}. Nothing runs before a person syncs.`,
    "",
    "## One image",
    "",
    digest,
    "",
    ...rows.map(([registry = "", tag = ""]) => `- ${registry}: ${tag}`),
    "",
    "## In staging",
    "",
    ...stagingLines(evidence),
    "",
    "## Rules",
    "",
    findings.length === 0
      ? "Every rule is kept."
      : findings
          .map(({ file: where, rule, message }) => `- warning ${rule}: ${where}: ${message}`)
          .join("\n"),
    "",
    "## Manifests",
    "",
    ...(manifest === "" ? ["The chart renders the same."] : ["```diff", manifest.trimEnd(), "```"]),
    "",
  ].join("\n");
}

function stagingLines({ staging: { since, until, argoCd }, version }: Evidence): string[] {
  const from = since === null ? "" : ` since ${timeText(since)}`;
  return [
    until === null
      ? `- git names ${version} there${from}`
      : `- git named ${version} there${from} until ${timeText(until)}`,
    argoCd === null
      ? "- Argo CD was not asked (`idp promote --cluster` does)"
      : `- Argo CD says ${argoCd.sync} and ${argoCd.health}, running ${argoCd.tags.join(", ") || "nothing"}`,
  ];
}

/** To the minute, in UTC. */
function timeText(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
