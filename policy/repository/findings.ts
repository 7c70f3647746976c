import type { Finding } from "../../catalog/finding.ts";

/** Each finding once: a mistake in the chart is one, however many services are rendered with it. */
export function once(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>();
  for (const item of findings) {
    const key = `${item.file}:${item.line} ${item.rule} ${item.message}`;
    if (!seen.has(key)) seen.set(key, item);
  }
  return [...seen.values()];
}
