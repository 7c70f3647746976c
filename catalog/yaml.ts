import { isAlias, isMap, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Document, ErrorCode, ParsedNode, ScalarTag, YAMLError } from "yaml";
import { finding, type Finding, type Place } from "./finding.ts";

/** A parsed YAML file that can say where each of its keys stands. */
export interface YamlFile {
  /** Its value as plain JavaScript; undefined when there are findings. */
  readonly value: unknown;
  readonly findings: readonly Finding[];
  /** Where the key or the value at a path stands, or else the nearest key above it. */
  readonly placeOf: (path: readonly PropertyKey[], part: "key" | "value") => Place;
  /** The value at a path as it is written; undefined when there is none. */
  readonly sourceOf: (path: readonly PropertyKey[]) => string | undefined;
}

/**
 * Reads one YAML file strictly: one document, no key twice, no anchors, aliases, tags or directives.
 *
 * Plain values are read as YAML 1.1, as Helm reads them: an unquoted `yes` is a boolean. Read as YAML 1.2 such a file
 * would pass here and fail in the cluster. What Helm takes for text and YAML 1.1 does not (a date, `1:30`) is refused: in
 * quotes every reader agrees.
 *
 * @param file path for the findings
 */
export function readYaml(file: string, text: string): YamlFile {
  const { document, lines } = parseYaml(text);
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const findings = [
    ...document.errors.map((error) => syntaxError(error, text, at)),
    ...unwantedSyntax(document, at),
  ];
  return {
    value: findings.length === 0 ? (document.toJS() as unknown) : undefined,
    findings,
    placeOf: (path, part) => {
      const { key, value } = locate(document, path);
      return at((part === "value" ? value : undefined)?.range[0] ?? key?.range[0] ?? 0);
    },
    sourceOf: (path) => {
      const { value } = locate(document, path);
      return value && text.slice(value.range[0], value.range[1]);
    },
  };
}

/** The scalar at a path of a YAML text: its place in the text without its quotes; undefined when there is none. */
export function scalarRange(
  text: string,
  path: readonly string[],
): readonly [start: number, end: number] | undefined {
  const { document } = parseYaml(text);
  const { value } = locate(document, path);
  if (document.errors.length > 0 || !isScalar(value)) return undefined;
  const [start, end] = value.range;
  if (value.type === "PLAIN") return [start, end];
  return value.type === "QUOTE_DOUBLE" || value.type === "QUOTE_SINGLE"
    ? [start + 1, end - 1]
    : undefined;
}

/** Whether a YAML text is a map that has this key. */
export function hasKey(text: string, key: string): boolean {
  return locate(parseYaml(text).document, [key]).value !== undefined;
}

/**
 * Start and end of the whole lines that a key and its value take; undefined when the key is not there, or when it does
 * not have its lines for itself.
 */
export function linesOf(
  text: string,
  path: readonly string[],
): readonly [start: number, end: number] | undefined {
  const { document } = parseYaml(text);
  const { key, value } = locate(document, path);
  if (document.errors.length > 0 || !key || !value) return undefined;
  const start = text.lastIndexOf("\n", key.range[0]) + 1;
  const valueEnd = value.range[1];
  // The range of a block of text ends behind its last line break.
  const lastLine = text[valueEnd - 1] === "\n" ? valueEnd - 1 : text.indexOf("\n", valueEnd);
  const end = lastLine < 0 ? text.length : lastLine + 1;
  const isAlone =
    text.slice(start, key.range[0]).replace("\uFEFF", "").trim() === "" &&
    /^[^\S\n]*(#.*)?\s*$/.test(text.slice(valueEnd, end));
  return isAlone ? [start, end] : undefined;
}

const mergeTag = "tag:yaml.org,2002:merge";

/** `0o14`: a number of YAML 1.2, which Helm's reader takes beside those of 1.1. */
const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^[-+]?0[oO][0-7_]+$/,
  resolve: (text) => parseInt(text.replace(/0o|_/gi, ""), 8),
};

function parseYaml(text: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.1",
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    // A merge key (<<) is a key like any other, so the schema refuses it.
    customTags: (tags) => [
      octal,
      ...tags.filter((tag) => typeof tag === "string" || tag.tag !== mergeTag),
    ],
  });
  return { document, lines };
}

/** Key and value at a path; where the path ends early, the key of the last map that is there. */
function locate(
  document: Document.Parsed,
  path: readonly PropertyKey[],
): { key: ParsedNode | undefined; value: ParsedNode | undefined } {
  let key: ParsedNode | undefined;
  let value: ParsedNode | undefined = document.contents ?? undefined;
  for (const part of path) {
    const pair = isMap<ParsedNode, ParsedNode | null>(value)
      ? value.items.find((item) => isScalar(item.key) && item.key.value === part)
      : undefined;
    if (!pair) return { key, value: undefined };
    key = pair.key;
    value = pair.value ?? undefined;
  }
  return { key, value };
}

const described: Partial<Record<ErrorCode, string>> = {
  MULTIPLE_DOCS: "a second document",
  TAB_AS_INDENT: "a tab as indentation",
};

function syntaxError(
  { code, message, pos: [start] }: YAMLError,
  text: string,
  at: (offset: number) => Place,
): Finding {
  const key = /^[^\s:]+/.exec(text.slice(start))?.[0] ?? "";
  return code === "DUPLICATE_KEY"
    ? finding(at(start), {
        rule: "yaml",
        key,
        found: "the key a second time",
        allowed: "must be there once",
        fix: "keep one of the two lines",
      })
    : finding(at(start), {
        rule: "yaml",
        key: "",
        found: described[code] ?? message,
        allowed: "must be one YAML document",
        fix: "correct this line or the one above it",
      });
}

function unwantedSyntax(document: Document.Parsed, at: (offset: number) => Place): Finding[] {
  const findings: Finding[] = [];
  const refuse = (offset: number, found: string, fix: string) => {
    const allowed = "must be plain keys and values: people and Image Updater edit this file";
    findings.push(finding(at(offset), { rule: "yaml", key: "", found, allowed, fix }));
  };
  if (document.directives.yaml.explicit) refuse(0, "a %YAML directive", "delete the line");
  visit(document, {
    Node(_, node) {
      const offset = node.range?.[0] ?? 0;
      if (isAlias(node)) refuse(offset, `the alias *${node.source}`, "write the value out");
      else if (node.anchor) refuse(offset, `the anchor &${node.anchor}`, "delete the anchor");
      else if (node.tag) refuse(offset, `the tag ${node.tag}`, "delete the tag");
    },
  });
  return findings;
}
