import { isMap, isNode, isScalar, isSeq, parseDocument, stringify } from "yaml";
import type { Document, ParsedNode } from "yaml";

/** Changes to YAML text that leave every other byte as it is: comments, order, quotes and line breaks. */

type Path = readonly (string | number)[];
type Range = readonly [start: number, end: number];

/** Key and value at a path; where the path ends early, the key of the last map that is there. */
export function locate(
  document: Document.Parsed,
  path: readonly PropertyKey[],
): { readonly key: ParsedNode | undefined; readonly value: ParsedNode | undefined } {
  let key: ParsedNode | undefined;
  let value: ParsedNode | undefined = document.contents ?? undefined;
  for (const part of path) {
    if (isSeq<ParsedNode>(value) && typeof part === "number") {
      value = value.items[part];
      continue;
    }
    const pair = isMap<ParsedNode, ParsedNode | null>(value)
      ? value.items.find((item) => isScalar(item.key) && item.key.value === part)
      : undefined;
    if (!pair) return { key, value: undefined };
    key = pair.key;
    value = pair.value ?? undefined;
  }
  return { key, value };
}

/** Replaces string values in YAML text where they stand; a path that is not there, or unreadable text, changes nothing. */
export function setScalars(
  text: string,
  values: readonly (readonly [path: Path, value: string])[],
): string {
  const document = readable(text);
  const edits = values.flatMap(([path, value]) => {
    const node = document && scalarIn(document, path);
    if (!node || node.value === value) return [];
    const [start, end] = node.range;
    return [{ start, end, value: scalarText(value, node.type) }];
  });
  return edits
    .sort((a, b) => b.start - a.start)
    .reduce(
      (edited, { start, end, value }) => edited.slice(0, start) + value + edited.slice(end),
      text,
    );
}

/** Whether {@link setScalars} can replace what stands at a path: a value on one line, in quotes or not. */
export function hasScalar(text: string, path: Path): boolean {
  const document = readable(text);
  return document !== undefined && scalarIn(document, path) !== undefined;
}

/**
 * Gives a key of the block map at `path` a value: changed where the key is there, else on a line of its own behind
 * the key `after`. Where neither is there nothing changes.
 */
export function setKey(
  text: string,
  path: Path,
  key: string,
  value: string,
  after: string,
): string {
  if (pairAt(text, [...path, key])?.inBlock) return setScalars(text, [[[...path, key], value]]);
  const sibling = pairAt(text, [...path, after]);
  if (!sibling?.inBlock) return text;
  const { indent, end } = sibling;
  return `${text.slice(0, end)}${indent}${key}: ${scalarText(value)}\n${text.slice(end)}`;
}

/**
 * Gives a key of the block map at `path` a block map of strings: changed where each is there, else on lines of its own
 * behind the key `after`. Where neither is there, or the map is written another way, nothing changes.
 */
export function setMap(
  text: string,
  path: Path,
  key: string,
  values: Readonly<Record<string, string>>,
  after: string,
): string {
  const entries = Object.entries(values);
  if (pairAt(text, [...path, key])) {
    return setScalars(
      text,
      entries.map(([name, value]) => [[...path, key, name], value]),
    );
  }
  const sibling = pairAt(text, [...path, after]);
  if (!sibling?.inBlock) return text;
  const { indent, end } = sibling;
  const lines = entries.map(([name, value]) => `${indent}  ${name}: ${scalarText(value)}\n`);
  return `${text.slice(0, end)}${indent}${key}:\n${lines.join("")}${text.slice(end)}`;
}

/** Adds maps to the end of the list at `path`, a block list or an empty `[]`; any other value stays. */
export function addItems(
  text: string,
  path: Path,
  items: readonly Readonly<Record<string, string>>[],
): string {
  const found = pairAt(text, path);
  if (!found?.inBlock || items.length === 0) return text;
  const { indent, end, value } = found;
  if (!isSeq(value) || (value.flow && value.items.length > 0)) return text;
  const block = items
    .flatMap((item) =>
      Object.entries(item).map(
        ([name, inner], index) =>
          `${indent}  ${index === 0 ? "- " : "  "}${name}: ${scalarText(inner)}\n`,
      ),
    )
    .join("");
  if (!value.flow) return text.slice(0, end) + block + text.slice(end);
  const [start, valueEnd] = value.range;
  return text.slice(0, start).trimEnd() + text.slice(valueEnd, end) + block + text.slice(end);
}

/**
 * Takes the elements that `isGone` picks out of the block list at `path`, with all their lines; a list that loses every
 * one is left as `[]`. Any other value stays.
 */
export function removeItems(text: string, path: Path, isGone: (item: unknown) => boolean): string {
  const found = pairAt(text, path);
  if (!found?.inBlock || !isSeq(found.value) || found.value.flow) return text;
  const { end, value } = found;
  const items = value.items.filter((item) => isNode(item));
  const starts = items.map(({ range }) => lineStart(text, range[0]));
  const gone = items.map((item) => isGone(item.toJS(parseDocument(""))));
  const [first = end] = starts;
  if (gone.every(Boolean)) return `${text.slice(0, first).trimEnd()} []\n${text.slice(end)}`;
  const kept = starts.flatMap((start, index) =>
    gone[index] ? [] : [text.slice(start, starts[index + 1] ?? end)],
  );
  return text.slice(0, first) + kept.join("") + text.slice(end);
}

/**
 * Start and end of the whole lines that a key and its value take; undefined when the key is not there, or when it does
 * not have its lines for itself.
 */
export function linesOf(text: string, path: Path): Range | undefined {
  const found = pairAt(text, path);
  return found?.isAlone ? [found.start, found.end] : undefined;
}

/** The root map of a YAML text. */
export interface Root {
  /** Whether it is written in braces. */
  readonly flow: boolean;
  /** What stands before each of its keys, in block style. */
  readonly indent: string;
  /** Where another key goes: behind the last one in braces, else where the document ends. */
  readonly end: number;
}

/** Returns the root map; undefined when the text is no YAML or something else. */
export function rootOf(text: string): Root | undefined {
  const document = readable(text);
  const map = document?.contents;
  if (!document || !isMap<ParsedNode, ParsedNode | null>(map)) return undefined;
  const [first, last] = [map.items[0], map.items.at(-1)];
  const start = first?.key.range[0] ?? 0;
  const before = text.slice(lineStart(text, start), start).replace("\uFEFF", "");
  const marker = document.directives.docEnd
    ? text.slice(map.range[1]).search(/^\.\.\.(?=\s|$)/m)
    : -1;
  return {
    flow: map.flow ?? false,
    indent: before.trim() === "" ? before : "",
    end: map.flow
      ? (last?.value?.range[1] ?? last?.key.range[1] ?? map.range[0] + 1)
      : marker < 0
        ? text.length
        : map.range[1] + marker,
  };
}

/**
 * Returns YAML text without a key of its root map: without its lines in block style, without it and one comma in braces.
 * Undefined when it is there but shares its lines with something else; the same text when it is not there.
 */
export function withoutKey(text: string, key: string): string | undefined {
  const found = pairAt(text, [key]);
  if (!found) return text;
  if (found.inBlock) {
    return found.isAlone ? text.slice(0, found.start) + text.slice(found.end) : undefined;
  }
  const before = text.slice(0, found.keyStart);
  const after = text.slice(found.value.range[1]);
  const bare = before.replace(/,\s*$/, "");
  return bare + (bare === before ? after.replace(/^\s*,[^\S\n]*/, "") : after);
}

/** The document; undefined for text that is no YAML. Which dialect it is read in does not matter to where things stand. */
function readable(text: string): Document.Parsed | undefined {
  // Written back, a byte that is no UTF-8 would be lost.
  if (text.includes("\uFFFD")) return undefined;
  const document = parseDocument(text, { stringKeys: true });
  return document.errors.length > 0 ? undefined : document;
}

function scalarIn(document: Document.Parsed, path: Path) {
  const { value } = locate(document, path);
  const isOnOneLine =
    isScalar(value) && ["PLAIN", "QUOTE_DOUBLE", "QUOTE_SINGLE"].includes(value.type ?? "");
  return isOnOneLine ? value : undefined;
}

/** A key and its value in a map: its indentation and its lines. */
function pairAt(text: string, path: Path) {
  const document = readable(text);
  if (!document) return undefined;
  const { key, value } = locate(document, path);
  if (!key || !value) return undefined;
  const { value: map } = locate(document, path.slice(0, -1));
  const [keyStart] = key.range;
  const start = lineStart(text, keyStart);
  // The range of a block of text ends behind its last line break.
  const lineEnd = text.indexOf("\n", Math.max(keyStart, value.range[1] - 1));
  const end = lineEnd < 0 ? text.length : lineEnd + 1;
  return {
    value,
    keyStart,
    start,
    end,
    indent: " ".repeat(keyStart - start),
    inBlock: isMap(map) && !map.flow,
    isAlone:
      text.slice(start, keyStart).replace("\uFEFF", "").trim() === "" &&
      /^[^\S\n]*(#.*)?\s*$/.test(text.slice(value.range[1], end)),
  };
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset) + 1;
}

/** In the quotes that stood there; an unquoted value stays so unless a reader could take it for something else. */
function scalarText(value: string, type?: string | null): string {
  if (type === "QUOTE_DOUBLE") return JSON.stringify(value);
  if (type === "QUOTE_SINGLE") return `'${value.replaceAll("'", "''")}'`;
  // YAML 1.1 has more that is no text than 1.2: yes, 1:30, 2026-11-24.
  return stringify(value, { lineWidth: 0, version: "1.1" }).trimEnd();
}
