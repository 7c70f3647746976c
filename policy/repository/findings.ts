import { finding, type Finding, type Place } from "../../catalog/finding.ts";
import type { Environment } from "../../config/environments.ts";
import type { Rule, Violation } from "../rule.ts";

/** What of a rule's violations the repository's check reports for an environment, each at its place. */
export function findingsOf(
  rule: Rule,
  environment: Environment,
  violations: readonly Violation[],
  placeOf: (violation: Violation) => Place,
): Finding[] {
  const level = rule.levels[environment];
  return level === "disabled"
    ? []
    : violations.map((violation) =>
        finding(placeOf(violation), {
          rule: rule.name,
          level: level === "mandatory" ? "error" : "warning",
          key: violation.path,
          found: violation.found,
          allowed: violation.allowed,
          fix: rule.fix,
          reason: rule.reason,
        }),
      );
}

/** Each finding once: a mistake in the chart is one, however many services are rendered with it. */
export function once(findings: readonly Finding[]): Finding[] {
  const seen = new Map(
    findings.map((item) => [`${item.file}:${item.line} ${item.rule} ${item.message}`, item]),
  );
  return [...seen.values()];
}
