import type { Finding } from "../../catalog/finding.ts";

/**
 * Each finding once: a mistake in the chart is one, however many services are rendered with it. What is an error in one
 * environment and a warning in another is an error.
 */
export function once(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>();
  for (const item of findings) {
    const key = `${item.file}:${item.line} ${item.rule} ${item.message}`;
    const before = seen.get(key);
    if (!before || (before.level !== "error" && item.level === "error")) seen.set(key, item);
  }
  return [...seen.values()];
}
