import { formatFinding, type Finding } from "../catalog/finding.ts";
import { rules } from "../policy/rules/index.ts";

/** The output formats of findings: text for a person, GitHub's annotations, a JSON array, SARIF 2.1.0. */
export const formats = ["text", "github", "json", "sarif"] as const;
/** One of {@link formats}. */
export type Format = (typeof formats)[number];

/** Returns whether findings should stop a pull request: errors do, warnings do not. */
export function isFailure(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "error");
}

const printers: Readonly<Record<Format, (findings: readonly Finding[]) => string>> = {
  text: (findings) => [...findings.map(formatFinding), summary(findings)].join("\n"),
  github: (findings) => [...findings.map(annotation), summary(findings)].join("\n"),
  json: (findings) => JSON.stringify(findings, null, 2),
  sarif: (findings) => JSON.stringify(sarif(findings), null, 2),
};

/** Returns findings in a format; the two for people end with a line of counts. */
export function formatFindings(findings: readonly Finding[], format: Format = "text"): string {
  return printers[format](findings);
}

function summary(findings: readonly Finding[]): string {
  const errors = findings.filter(({ level }) => level === "error").length;
  return `idp check: ${count(errors, "error")}, ${count(findings.length - errors, "warning")}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A workflow command that GitHub shows at the line of a pull request. */
function annotation({ file, line, column, level, rule, message, reason, fix }: Finding): string {
  const text = [message, ...(reason === undefined ? [] : [`Why: ${reason}`]), `Fix: ${fix}`];
  const place = { file, line: String(line), col: String(column), title: rule };
  const properties = Object.entries(place).map(
    ([key, value]) => `${key}=${escaped(value).replaceAll(":", "%3A").replaceAll(",", "%2C")}`,
  );
  return `::${level} ${properties.join(",")}::${escaped(text.join("\n"))}`;
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function sarif(findings: readonly Finding[]) {
  const known = new Map(rules.map((rule) => [rule.name, rule]));
  const names = [...new Set(findings.map(({ rule }) => rule))];
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "idp check",
            rules: names.map((id) => {
              const rule = known.get(id);
              return {
                id,
                ...(rule && {
                  shortDescription: { text: rule.reason },
                  help: { text: rule.fix },
                  ...(rule.link.startsWith("https:") && { helpUri: rule.link }),
                }),
              };
            }),
          },
        },
        results: findings.map(({ rule, level, file, line, column, message, fix }) => ({
          ruleId: rule,
          ruleIndex: names.indexOf(rule),
          level,
          message: { text: `${message}\nFix: ${fix}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: file },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        })),
      },
    ],
  };
}
