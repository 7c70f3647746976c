import type { Violation } from "./rule.ts";

/** Stands for a value that a preview does not know yet. */
export const unknownValue: unique symbol = Symbol("unknown");

/** The key that marks a map as one that stands for something else (sdk/go/common/resource/sig of Pulumi). */
export const signature = "4dabf18193072939515e22adb298388d";

/** A step into a value. */
export type Step = string | number;

/** Longest text of a value in a message. */
const longest = 80;

/** The value at a path; undefined where there is none, {@link unknownValue} where the way there is not known. */
export function at(value: unknown, ...path: readonly Step[]): unknown {
  let here = value;
  for (const step of path) {
    if (here === unknownValue) return unknownValue;
    here = typeof here === "object" && here !== null ? Reflect.get(here, step) : undefined;
  }
  return here;
}

/** Whether nothing stands there; null is how YAML and patches write nothing. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** Whether it is a map of keys. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The map; an empty one where there is none. */
export function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMap(value) ? value : {};
}

/** The elements of a list; none where there is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The entries of a map; none where there is no map. */
export function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

/** The text, or nothing of another type. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** `["spec", "generators", 0]` as people write it: `spec.generators[0]`. */
export function dotted(path: readonly Step[]): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`,
    "",
  );
}

/** Every value inside another, itself first, with the way to it. */
export function* within(
  value: unknown,
  path: readonly Step[] = [],
): Generator<{ readonly path: readonly Step[]; readonly value: unknown }> {
  yield { path, value };
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* within(item, [...path, index]);
  } else {
    for (const [key, item] of entriesOf(value)) yield* within(item, [...path, key]);
  }
}

/** The first place inside a value that a preview does not know. */
export function firstUnknown(value: unknown): readonly Step[] | undefined {
  for (const { path, value: inner } of within(value)) if (inner === unknownValue) return path;
  return undefined;
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (value === unknownValue) return "a value that is not known before the update";
  if (isAbsent(value)) return "nothing";
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    inner === unknownValue ? "(not known)" : inner,
  );
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

/** A violation at a path, with what was found there. */
export function violation(path: readonly Step[], value: unknown, allowed: string): Violation {
  return {
    path: dotted(path),
    found: shown(value),
    allowed,
    ...(firstUnknown(value) && { isUnknown: true }),
  };
}

/**
 * What a value's text stands for: JSON where it is JSON (IAM documents, a provider's inputs), else itself.
 */
export function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
