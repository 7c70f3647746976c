import { createHash } from "node:crypto";
import { grantParts } from "./grants.ts";
import { objectName, objectParts } from "./object-parts.ts";
import type { Part } from "./part.ts";
import { generaliseFor, generalName, type Generalise, type Stack } from "./placeholders.ts";
import { isUnjudged } from "./plan.ts";
import type { Resource } from "./rule.ts";
import { entriesOf, firstUnknown, isAbsent, isMap } from "./values.ts";

/** A part as a line of policy/allowed. */
interface Fact extends Part {
  readonly line: string;
}

/** A resource as lines of policy/allowed. */
export interface Facts {
  /** Its type and name: the line with which those of its parts begin. Undefined while a preview does not know the name. */
  readonly identity: string | undefined;
  readonly content: readonly Fact[];
}

/** The facts of a resource: what it is, and what it grants or redirects, as every stack would have it. */
export function factsOf(resource: Pick<Resource, "type" | "name" | "props">, stack: Stack): Facts {
  const { type } = resource;
  const generalise = generaliseFor(resource, stack);
  const isObject = type.startsWith("kubernetes:") && !isUnjudged(type);
  const name = isObject ? objectName(resource) : generalName(resource, stack);
  const identity = name === undefined ? undefined : `${type} ${name}`;
  const lineOf = ({ key, value }: Part): string => {
    const general = generalised(value, generalise);
    return `${identity ?? type}: ${key} = ${written(isObject ? general : unordered(general))}`;
  };
  return {
    identity,
    content: (isObject ? objectParts(resource) : grantParts(resource)).map((part) => ({
      ...part,
      line: lineOf(part),
    })),
  };
}

/** The resource that a line is about: its type and name. */
export function identityIn(line: string): string {
  return line.split(": ", 1)[0] ?? line;
}

/**
 * Whether an object must have what a line says: without it, it may grant more. What a ConfigMap leaves out has the program's
 * default, and which services there are the catalog says.
 */
export function isRequired(line: string): boolean {
  return (
    line.startsWith("kubernetes:") &&
    line !== identityIn(line) &&
    !/^kubernetes:[^ ]+:(ConfigMap|Secret|ImageUpdater) /.test(line)
  );
}

/** A value with its texts as every stack has them; elements that are then the same are one. */
function generalised(value: unknown, generalise: Generalise): unknown {
  if (typeof value === "string") return generalise(value);
  if (Array.isArray(value)) return unique(value.map((item) => generalised(item, generalise)));
  if (!isMap(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, generalised(inner, generalise)]));
}

/** AWS takes one text for a list of it, in any order, and what is off or empty for what is not there. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(unordered);
    return items.length === 1 ? items[0] : unique(items).sort(byText);
  }
  if (!isMap(value)) return value;
  return Object.fromEntries(
    entriesOf(value)
      .filter(([, inner]) => !isAbsent(inner) && inner !== false && inner !== "")
      .map(([key, inner]) => [key, unordered(inner)]),
  );
}

function unique(items: readonly unknown[]): unknown[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

/** The longest text that a line shows. */
const longest = 300;

/** A value on one line; of a longer text, such as a script, its digest. */
function written(value: unknown): string {
  if (firstUnknown(value)) return "(not known)";
  if (typeof value !== "string" || value.length <= longest) return JSON.stringify(value);
  return `sha256 ${createHash("sha256").update(value).digest("hex")}`;
}
