import type { z } from "zod";

/** One thing wrong with a stack's settings. */
export interface Problem {
  /** Dotted key without the namespace, such as `network.cidr`. */
  readonly key: string;
  /** What is there now. */
  readonly found: string;
  /** What is allowed there. */
  readonly allowed: string;
  /** The command that mends it. @default `pulumi config`, or the place to edit */
  readonly fix?: string;
}

/** A stack's settings are not valid. The message lists every problem and the commands that fix them. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly problems: readonly Problem[];

  constructor(stack: string, problems: readonly Problem[]) {
    const lines = problems.map(
      (problem) =>
        `  idp:${problem.key}: found ${problem.found}; ${problem.allowed}\n    Fix: ${fixOf(stack, problem)}`,
    );
    super(`Pulumi.${stack}.yaml is not valid:\n${lines.join("\n")}`);
    this.problems = problems;
  }
}

/** Returns the problems of a failed parse, one for each unknown key and each wrong or missing value. */
export function problemsOf(error: z.ZodError, raw: unknown): Problem[] {
  return error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => problem([...issue.path, key], raw, "there is no such setting"))
      : [problem(issue.path, raw, sentence(issue.message))],
  );
}

function problem(path: readonly PropertyKey[], raw: unknown, allowed: string): Problem {
  return { key: dotted(path), found: shown(valueAt(raw, path)), allowed };
}

/** `["cluster", "access", 0, "level"]` as Pulumi writes it: `cluster.access[0].level`. */
function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === "number"
        ? `${text}[${part}]`
        : text
          ? `${text}.${String(part)}`
          : String(part),
    "",
  );
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined,
    raw,
  );
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.includes("PRIVATE KEY-----") ? "a private key, which git must not hold" : text;
}

function sentence(message: string): string {
  return message.startsWith("Invalid") ? message.replace(/^Invalid \w+: /, "") : message;
}

/**
 * Returns the command that fixes a problem or, for a list or a group, which `pulumi config set` cannot write, the place
 * to edit. Pulumi stores what looks like a number as a number, unless it is told that it is text.
 */
export function fixOf(stack: string, { key, found, allowed, fix }: Problem): string {
  if (fix !== undefined) return fix;
  if (allowed === "there is no such setting") {
    return `pulumi config rm --path 'idp:${key}' -s ${stack}`;
  }
  if (/^[[{]/.test(found) || /^expected (array|object)/.test(allowed)) {
    return `edit idp:${key} in Pulumi.${stack}.yaml`;
  }
  const isText =
    allowed.startsWith("expected string") ||
    (found.startsWith('"') && !/^expected (number|int)/.test(allowed));
  return `pulumi config set --path${isText ? " --type string" : ""} 'idp:${key}' <value> -s ${stack}`;
}
