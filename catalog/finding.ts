/** A position in a file of the repository. */
export interface Place {
  /** Path from the repository's root, with forward slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** What was looked at, where it is no file: a plan, a stack's state, its resources as they are now, a cluster's API. */
export interface Seen {
  readonly seen: "plan" | "state" | "refresh" | "cluster";
}

/** What is wrong, wherever it was found. */
interface Fault {
  /** Short name of what was broken, such as `unknown-key`. */
  readonly rule: string;
  /** An error stops a deployment; a warning is for a person to judge. */
  readonly level: "error" | "warning";
  /** What breaks the rule: its kind and name, such as `Deployment time-service`; undefined where the file alone says it. */
  readonly where?: string | undefined;
  /** How bad it is, where a rule of the platform says so. */
  readonly severity?: "low" | "medium" | "high" | "critical" | undefined;
  /** Dotted key such as `image.tag`; empty when it is about the whole. */
  readonly key: string;
  /** What stands there now. */
  readonly found: string;
  /** What may stand there, as "must ..." or "may ...". */
  readonly allowed: string;
  /** What to do. */
  readonly fix: string;
  /** Why it is asked for, in one sentence; undefined where the sentence says it. */
  readonly reason?: string | undefined;
  /** All of it in one sentence, without the place and the fix. */
  readonly message: string;
}

/** Something wrong with a file, or with what was `Seen`. */
export type Finding<At extends Place | Seen = Place> = At & Fault;

/** A finding with its sentence made from its parts, where it is not given. */
export function finding<At extends Place | Seen>(
  at: At,
  parts: Omit<Fault, "level" | "message"> & Partial<Pick<Fault, "level" | "message">>,
): Finding<At> {
  const { key, found, allowed } = parts;
  const { level = "error", message = `${key ? `${key}: ` : ""}found ${found}; ${allowed}` } = parts;
  const fault: Fault = { ...parts, level, message };
  return { ...at, ...fault };
}

/** One finding as a person reads it: place, rule and sentence, then why and the fix on lines of their own. */
export function formatFinding(finding: Finding<Place | Seen>): string {
  const { level, rule, reason, message, fix } = finding;
  const why = reason === undefined ? "" : `\n    Why: ${reason}`;
  return `${placeOf(finding)} ${level} ${rule}: ${message}${why}\n    Fix: ${fix}`;
}

function placeOf({ where, ...at }: Finding<Place | Seen>): string {
  const [place, aside] =
    "file" in at ? [`${at.file}:${at.line}:${at.column}`, where] : [where, at.seen];
  return [place, ...(aside === undefined ? [] : [`(${aside})`])].join(" ");
}

/** The catalog of an environment is not usable. The message lists every finding with its fix. */
export class CatalogError extends Error {
  override readonly name = "CatalogError";
  readonly findings: readonly Finding[];

  constructor(folder: string, findings: readonly Finding[]) {
    super(`${folder} is not valid:\n${findings.map(formatFinding).join("\n")}`);
    this.findings = findings;
  }
}
