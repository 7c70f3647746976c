import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { finding, type Finding, type Place, type Seen } from "../catalog/finding.ts";
import { environments, type Environment } from "../config/environments.ts";

/** The one file of exceptions, below the pack's folder. */
export const exceptionsFile = "exceptions.yaml";

const text = z.string().trim().min(1, "must not be empty");

/** A breach that somebody answers for, for a time. */
const Exception = z.strictObject({
  rule: text,
  environment: z.enum(environments),
  /** What breaks it: kind and name as findings show them, or the text that they begin with. */
  where: text,
  owner: text,
  reason: text,
  /** Its last day, in UTC. */
  until: z.iso.date("must be a day such as 2026-12-31"),
});
export type Exception = z.infer<typeof Exception>;

/**
 * The exceptions of a pack's folder.
 * @throws Error naming the file and every wrong entry
 */
export function readExceptions(folder: string): Exception[] {
  const file = join(folder, exceptionsFile);
  const parsed = z
    .array(Exception)
    .safeParse(parse(readFileSync(file, "utf8"), { version: "1.2" }));
  if (parsed.success) return parsed.data;
  throw new Error(
    `policy/${exceptionsFile} is not valid:\n${z.prettifyError(parsed.error)}\nFix: its first lines show an entry`,
  );
}

/** Whether an exception is past its last day. */
export function isExpired({ until }: Exception, now: Date): boolean {
  return now.toISOString().slice(0, 10) > until;
}

/**
 * A finding for each exception of an environment that has run out.
 * @param at where an exception is shown
 */
export function expiredExceptions<At extends Place | Seen>(
  exceptions: readonly Exception[],
  environment: Environment,
  now: Date,
  at: (exception: Exception) => At,
): Finding<At>[] {
  return exceptions
    .filter((exception) => exception.environment === environment && isExpired(exception, now))
    .map((exception) => {
      const { rule, where, owner, until } = exception;
      return finding(at(exception), {
        rule: "exceptions-are-current",
        where,
        severity: "high",
        key: "until",
        found: until,
        allowed: `must not be past: ${rule} for ${where} is no longer excepted`,
        fix: `ask ${owner}; correct what was excepted, or agree on another day in policy/${exceptionsFile}`,
        reason: "An exception ends on the day that was agreed on.",
      });
    });
}
