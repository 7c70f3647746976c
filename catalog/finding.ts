/** Something wrong with a service file, or with the folder it is in. */
export interface Finding {
  /** Short name of what was broken, such as `unknown-key`. */
  readonly rule: string;
  /** An error stops a deployment; a warning is for a person to judge. */
  readonly level: "error" | "warning";
  /** Path from the repository's root, with forward slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Dotted key such as `image.tag`; empty when it is about the whole file. */
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

/** Where a finding points. */
export type Place = Pick<Finding, "file" | "line" | "column">;

/** A finding with its sentence made from its parts. */
export function finding(
  place: Place,
  parts: Pick<Finding, "rule" | "key" | "found" | "allowed" | "fix"> & {
    level?: Finding["level"];
    reason?: string;
  },
): Finding {
  const { rule, key, found, allowed, fix, level = "error", reason } = parts;
  const { file, line, column } = place;
  const subject = key ? `${key}: ` : "";
  const message = `${subject}found ${found}; ${allowed}`;
  const why = reason === undefined ? {} : { reason };
  return { rule, level, file, line, column, key, found, allowed, fix, ...why, message };
}

/** One finding as a person reads it: place, rule and sentence, then why and the fix on lines of their own. */
export function formatFinding(finding: Finding): string {
  const { file, line, column, level, rule, reason, message, fix } = finding;
  const why = reason === undefined ? "" : `\n    Why: ${reason}`;
  return `${file}:${line}:${column} ${level} ${rule}: ${message}${why}\n    Fix: ${fix}`;
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
