import { isMap, isNode, isScalar, isSeq, parseDocument, stringify, type Pair } from "yaml";

/** Changes to YAML text that leave every other byte as it is: comments, order, quotes and line breaks. */

type Path = readonly (string | number)[];

/** Replaces string values in YAML text where they stand; a path that is not there, or unreadable text, changes nothing. */
export function setScalars(
  text: string,
  values: readonly (readonly [path: Path, value: string])[],
): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return text;
  const edits = values.flatMap(([path, value]) => {
    const node = document.getIn(path, true);
    if (!isScalar(node) || !node.range || node.value === value) return [];
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

/** In the quotes that stood there; an unquoted value stays so unless YAML would take it for something else. */
function scalarText(value: string, type: string | undefined): string {
  if (type === "QUOTE_DOUBLE") return JSON.stringify(value);
  if (type === "QUOTE_SINGLE") return `'${value.replaceAll("'", "''")}'`;
  return stringify(value, { lineWidth: 0 }).trimEnd();
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
  if (pairOf(text, path, key)) return setScalars(text, [[[...path, key], value]]);
  const sibling = pairOf(text, path, after);
  if (!sibling) return text;
  const { indent, end } = sibling;
  return `${text.slice(0, end)}${indent}${key}: ${scalarText(value, undefined)}\n${text.slice(end)}`;
}

/** Adds maps to the end of the list at `path` + `key`, a block list or an empty `[]`; any other value stays. */
export function addItems(
  text: string,
  path: Path,
  key: string,
  items: readonly Readonly<Record<string, string>>[],
): string {
  const found = pairOf(text, path, key);
  if (!found || items.length === 0) return text;
  const { indent, end, value } = found;
  if (!isSeq(value) || !value.range || (value.flow && value.items.length > 0)) return text;
  const block = items
    .flatMap((item) =>
      Object.entries(item).map(
        ([name, inner], index) =>
          `${indent}  ${index === 0 ? "- " : "  "}${name}: ${scalarText(inner, undefined)}\n`,
      ),
    )
    .join("");
  if (!value.flow) return text.slice(0, end) + block + text.slice(end);
  const [start, valueEnd] = value.range;
  return text.slice(0, start).trimEnd() + text.slice(valueEnd, end) + block + text.slice(end);
}

/**
 * Takes the elements that `isGone` picks out of the block list at `path` + `key`, with all their lines; a list that
 * loses every one is left as `[]`. Any other value stays.
 */
export function removeItems(
  text: string,
  path: Path,
  key: string,
  isGone: (item: unknown) => boolean,
): string {
  const found = pairOf(text, path, key);
  if (!found || !isSeq(found.value) || found.value.flow) return text;
  const { end, value } = found;
  const starts = value.items.map((item) =>
    isNode(item) && item.range ? text.lastIndexOf("\n", item.range[0]) + 1 : end,
  );
  const gone = value.items.map((item) =>
    isGone(isNode(item) ? item.toJS(parseDocument("")) : item),
  );
  const [first = end] = starts;
  if (gone.every(Boolean)) return `${text.slice(0, first).trimEnd()} []\n${text.slice(end)}`;
  const kept = starts.flatMap((start, index) =>
    gone[index] ? [] : [text.slice(start, starts[index + 1] ?? end)],
  );
  return text.slice(0, first) + kept.join("") + text.slice(end);
}

/** A pair of the block map at `path`: its indentation, its value, and where the text behind its last line begins. */
function pairOf(text: string, path: Path, key: string) {
  const document = parseDocument(text);
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  if (document.errors.length > 0 || !isMap(map) || map.flow) return undefined;
  const pair = map.items.find((item: Pair) => isScalar(item.key) && item.key.value === key);
  if (!pair || !isScalar(pair.key) || !pair.key.range) return undefined;
  const { key: name, value } = pair;
  const [start] = name.range ?? [0];
  const inside = isScalar(value) || isMap(value) || isSeq(value) ? value.range?.[1] : undefined;
  const last = Math.max(start, (inside ?? start) - 1);
  const lineEnd = text.indexOf("\n", last);
  const lineStart = text.lastIndexOf("\n", start) + 1;
  return {
    indent: " ".repeat(start - lineStart),
    end: lineEnd === -1 ? text.length : lineEnd + 1,
    value,
  };
}
