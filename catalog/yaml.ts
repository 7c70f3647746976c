import { isAlias, LineCounter, parseDocument, visit } from "yaml";
import type { Document, ErrorCode, ScalarTag, YAMLError } from "yaml";
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
 * Reads one YAML file strictly: one document without duplicate keys, anchors, aliases, tags or directives.
 *
 * Plain values are read as YAML 1.1, as Helm does: an unquoted `yes` is a boolean. Read as YAML 1.2, such a file would
 * pass here and fail in the cluster. Values that are text for Helm but not in YAML 1.1 (a date, `1:30`) are refused:
 * in quotes, every reader agrees.
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
