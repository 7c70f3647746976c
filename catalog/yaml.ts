import { isAlias, isCollection, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Document, ErrorCode, Scalar, ScalarTag, YAMLError } from "yaml";
import { locate } from "../lib/yaml-edit.ts";
import { finding, type Finding, type Place } from "./finding.ts";

/** A parsed YAML file that knows the place of each of its keys. */
export interface YamlFile {
  /** Its value as plain JavaScript; undefined when there are findings. */
  readonly value: unknown;
  readonly findings: readonly Finding[];
  /** Returns the place of the key or value at a path, or else of the nearest key above it. */
  readonly placeOf: (path: readonly PropertyKey[], part: "key" | "value") => Place;
  /** Returns the value at a path as it is written; undefined when there is none. */
  readonly sourceOf: (path: readonly PropertyKey[]) => string | undefined;
}

/**
 * Reads one YAML file strictly: one document without duplicate keys, anchors, aliases, tags or directives, in which every
 * reader finds the same. Helm and the ApplicationSet read it with Go's YAML, which stops in silence after the first
 * document, and differs from this reader in some characters and in plain values.
 *
 * Plain values are read as YAML 1.1, as Helm does: an unquoted `yes` is a boolean. Read as YAML 1.2, such a file would
 * pass here and fail in the cluster. What is text for one reader and something else for another (a date, `1:30`, `0o17`,
 * the key `Y`) is refused, and so is a whole number that is not written in plain digits: in quotes, every reader agrees.
 *
 * @param file path for the findings
 * @param text decoded as UTF-8; bytes that are no UTF-8 are U+FFFD in it, and refused
 */
export function readYaml(file: string, text: string): YamlFile {
  const { document, lines } = parseYaml(text);
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const [unreadable] = unreadableCharacters(text, at);
  const findings =
    // Nothing that is found in a damaged text is worth a line of its own.
    unreadable === undefined
      ? [
          ...document.errors.map((error) => syntaxError(error, text, at)),
          ...unwantedSyntax(document, text, at),
        ]
      : [unreadable];
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

const mergeTag = "tag:yaml.org,2002:merge";

/** `0o14`: a YAML 1.2 number, which Helm accepts in addition to those of YAML 1.1. */
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
    // A merge key (<<) is read as an ordinary key, and the schema refuses it.
    customTags: (tags) => [
      octal,
      ...tags.filter((tag) => typeof tag === "string" || tag.tag !== mergeTag),
    ],
  });
  return { document, lines };
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
        allowed: "must occur once",
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

/**
 * What go-yaml refuses (control characters), what it alone takes for the end of a line (U+0085, U+2028, U+2029, a carriage
 * return by itself), U+FFFD, and U+FEFF behind the first character.
 */
const unreadable =
  /[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffc\u{10000}-\u{10ffff}]|\r(?!\n)/gu;

function* unreadableCharacters(text: string, at: (offset: number) => Place): Generator<Finding> {
  for (const { 0: character, index } of text.matchAll(unreadable)) {
    if (index === 0 && character === "\uFEFF") continue;
    const damage = character === "\uFFFD";
    const name = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
    yield finding(at(index), {
      rule: "yaml",
      key: "",
      found: damage
        ? `bytes that are not UTF-8, or ${name} in their place`
        : `the character ${name}`,
      allowed: damage
        ? "must be text in UTF-8"
        : "must be printable text and ordinary line breaks: readers of YAML disagree about others",
      fix: damage
        ? "write what stood there again, and save the file as UTF-8"
        : "delete it, or write it as an escape in double quotes",
    });
  }
}

function unwantedSyntax(
  document: Document.Parsed,
  text: string,
  at: (offset: number) => Place,
): Finding[] {
  const findings: Finding[] = [];
  const plain = "must be plain keys and values: people and Image Updater edit this file";
  const refuse = (offset: number, found: string, fix: string, allowed = plain) => {
    findings.push(finding(at(offset), { rule: "yaml", key: "", found, allowed, fix }));
  };
  if (document.directives.yaml.explicit) refuse(0, "a %YAML directive", "delete the line");
  const free: (readonly [start: number, end: number])[] = [];
  visit(document, {
    Node(part, node, parents) {
      const offset = node.range?.[0] ?? 0;
      // Inside of these a tab is text, or a blank like any other.
      if (isScalar(node) || (isCollection(node) && node.flow)) {
        free.push([offset, node.range?.[1] ?? offset]);
      }
      if (isAlias(node)) refuse(offset, `the alias *${node.source}`, "write the value out");
      else if (node.anchor) refuse(offset, `the anchor &${node.anchor}`, "delete the anchor");
      else if (node.tag) refuse(offset, `the tag ${node.tag}`, "delete the tag");
      else if (isScalar(node)) {
        const end = node.range?.[1] ?? offset;
        const written = text.slice(offset, end);
        const inFlow = parents.some((parent) => isCollection(parent) && parent.flow);
        const isKey = part === "key";
        const fix =
          inFlow &&
          isKey &&
          !(node.type === "PLAIN" ? /^[^\S\n]*:\s/ : /^[^\S\n]*:/).test(text.slice(end))
            ? "write the key and its colon on one line, and a blank behind the colon"
            : disagreement(node, written, { inFlow, isKey });
        if (fix !== undefined)
          refuse(offset, written.split("\n")[0] ?? "", fix, "must mean one thing to every reader");
      }
    },
  });
  for (const { index } of text.matchAll(/^\uFEFF? *\t/gm)) {
    // One that is in the way of the syntax has its own finding.
    if (document.errors.length > 0 || free.some(([start, end]) => start < index && index < end))
      continue;
    refuse(
      index,
      "a tab at the beginning of a line",
      "write blanks",
      "must mean one thing to every reader",
    );
  }
  return findings;
}

const wholeNumber = /^(0|-?[1-9][0-9]{0,14})$/;

/**
 * Plain scalars that some reader takes for a number: go-yaml drops every underscore, then asks strconv.ParseInt with base 0
 * and its own pattern for floats.
 */
const numbers = [
  /^[-+]?(0x[0-9a-f]+|0o?[0-7]+|0b[01]+|[0-9]+)$/i,
  /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)(e[-+]?[0-9]+)?$/i,
];
/** Words that YAML 1.1, YAML 1.2 or go-yaml does not take for text. */
const words =
  /^([yYnN]|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF|[tT]rue|TRUE|[fF]alse|FALSE|[nN]ull|NULL|~|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|)$/;
/** `\/`, and half of a surrogate pair: JSON has these escapes, go-yaml does not. */
const escapes = /\\(\/|u[dD][89a-fA-F][0-9a-fA-F]{2}|[^])/g;

/** How to write a scalar that two readers read differently; undefined where they agree. A wrong type is the schema's. */
function disagreement(
  { type, value }: Scalar,
  written: string,
  { inFlow, isKey }: { readonly inFlow: boolean; readonly isKey: boolean },
): string | undefined {
  if (type === "QUOTE_DOUBLE") {
    const [unknown] = [...written.matchAll(escapes)].filter(([, what = ""]) =>
      /^(\/|u.)/.test(what),
    );
    return unknown && `write the character itself in place of ${unknown[0]}`;
  }
  if (type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED") {
    // At the very end of a file: text with a line break for one reader, without for the other.
    return /\n$/.test(written) || /^.\d?-/.test(written)
      ? undefined
      : "write a line break at the end of the file";
  }
  if (type !== "PLAIN") return undefined;
  if (typeof value === "number" || typeof value === "bigint") {
    return Number.isInteger(Number(value)) && !wholeNumber.test(written)
      ? "write plain digits, or quotes around it if it is text"
      : undefined;
  }
  if (typeof value !== "string") return undefined;
  const isNumber =
    /^[-+.0-9]/.test(written) && numbers.some((one) => one.test(written.replaceAll("_", "")));
  return isNumber || (isKey && words.test(written)) || (inFlow && /^[?:]/.test(written))
    ? `write it in quotes: ${JSON.stringify(written)}`
    : undefined;
}
