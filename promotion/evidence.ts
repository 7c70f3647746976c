import type { StagingReport } from "./ground.ts";
import { timeText } from "./text.ts";

/** The evidence that a change is ready for prod. */
export interface Evidence {
  readonly service: string;
  readonly version: string;
  /** The version in prod's file before the change. */
  readonly before: string;
  /** The one file that changes. */
  readonly file: string;
  /** Repository inside the registries. */
  readonly image: string;
  /** The digest that staging's and prod's registries share. */
  readonly digest: string;
  /** The build in dev's registry with that digest; null when dev no longer has it. */
  readonly build: string | null;
  readonly staging: {
    /** Since when staging's file has named the version. */
    readonly since: Date | null;
    /** Until when; null while it still does. */
    readonly until: Date | null;
    /** What staging's Argo CD reports; null when it was not asked. */
    readonly argoCd: StagingReport | null;
  };
  /** How long staging must have had it, and since when Argo CD calls it healthy, if it says so; absent without a soak. */
  readonly soak?: { readonly minutes: number; readonly healthSince: Date | null };
  /** What spoke against the promotion, and why it was proposed nevertheless; absent when nothing did. */
  readonly forced?: { readonly reason: string; readonly against: readonly string[] };
  /** Warnings only; a change with errors is not proposed. */
  readonly findings: readonly {
    readonly file: string;
    readonly rule: string;
    readonly message: string;
  }[];
  /** Unified diff of the rendered manifests. */
  readonly manifest: string;
}

/** Returns the evidence as title, empty line and Markdown body. As the commit's message it also stays in git. */
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
    ...forcedLines(evidence),
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
    ...forcedTrailers(evidence),
  ].join("\n");
}

function stagingLines({ staging: { since, until, argoCd }, soak, version }: Evidence): string[] {
  const from = since === null ? "" : ` since ${timeText(since)}`;
  const healthy = soak?.healthSince ? ` since ${timeText(soak.healthSince)}` : "";
  return [
    until === null
      ? `- git names ${version} there${from}`
      : `- git named ${version} there${from} until ${timeText(until)}`,
    argoCd === null
      ? "- Argo CD was not asked (`idp promote --cluster` does)"
      : `- Argo CD says ${argoCd.sync} and ${argoCd.health}${healthy}, running ${argoCd.tags.join(", ") || "nothing"}`,
    ...(soak
      ? [`- it must have been there for ${soak.minutes} min (idp:promotion.soakMinutes)`]
      : []),
  ];
}

function forcedLines({ forced }: Evidence): string[] {
  if (forced === undefined) return [];
  const against = forced.against.map((why) => `- ${why}`);
  return [
    "## Forced",
    "",
    "Against the promotion:",
    "",
    ...against,
    "",
    `Why: ${forced.reason}`,
    "",
  ];
}

/** What `git log --format='%(trailers)'` finds in a promotion that was forced. */
function forcedTrailers({ forced }: Evidence): string[] {
  if (forced === undefined) return [];
  const against = forced.against.map((why) => `Forced-against: ${why}`);
  return [forcedBecause(forced.reason), ...against, ""];
}

/** The trailer with the reason of a forced promotion. */
export function forcedBecause(reason: string): string {
  return `Forced-because: ${reason}`;
}
