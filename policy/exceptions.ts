import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { environments, type Environment } from "../config/environments.ts";

/** The one file of exceptions, below the pack's folder. */
export const exceptionsFile = "exceptions.yaml";

const text = z.string().trim().min(1, "must not be empty");

/** A breach that somebody answers for, for a time. */
const Exception = z.strictObject({
  rule: text,
  environment: z.enum(environments),
  /** The place: type and name of a resource, or the path of a file; as text that the place begins with. */
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

/** Whether a breach at a place is excepted now. */
export function isExcepted(
  exceptions: readonly Exception[],
  breach: { readonly rule: string; readonly environment: Environment; readonly where: string },
  now: Date,
): boolean {
  return exceptions.some(
    (exception) =>
      exception.rule === breach.rule &&
      exception.environment === breach.environment &&
      breach.where.startsWith(exception.where) &&
      !isExpired(exception, now),
  );
}
