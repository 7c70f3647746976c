import type { Finding, Place } from "../../catalog/finding.ts";
import { readYaml } from "../../catalog/yaml.ts";
import { shown, within } from "../values.ts";

/** What the chart rendered wrongly with one service's file: a finding at the template. */
export interface ChartFault {
  readonly finding: Finding;
  /** The service's file, from the repository's root. */
  readonly file: string;
}

/** How many files a finding lists before it counts the others. */
const listed = 8;

/**
 * Each fault once, with the service files that it comes with. What only one file leads to is found at that file: at its
 * value, where the file has it once. A fault of every file is the chart's.
 *
 * @param files all service files that the chart was rendered with
 * @param textOf returns a file's text
 */
export function faultsByFile(
  faults: readonly ChartFault[],
  files: readonly string[],
  textOf: (file: string) => string,
): Finding[] {
  const groups = Map.groupBy(faults, ({ finding: { file, line, rule, message } }) =>
    [file, line, rule, message].join(" "),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { finding } = first;
    const own = [...new Set(group.map(({ file }) => file))];
    if (own.length === 1) {
      const place = placeIn(first.file, textOf(first.file), finding.found);
      return [{ ...finding, ...place, where: `rendered by ${finding.file}:${finding.line}` }];
    }
    const where =
      own.length === files.length
        ? `with each of ${files.length} service files`
        : `with ${listOf(own.map((file) => linked(placeIn(file, textOf(file), finding.found))))}`;
    return [{ ...finding, where }];
  });
}

/** The place of the only value in a service file that is shown as `found`; else the file's first line. */
function placeIn(file: string, text: string, found: string): Place {
  const yaml = readYaml(file, text);
  const [only, ...others] = [...within(yaml.value)].filter(({ value }) => shown(value) === found);
  return only === undefined || others.length > 0
    ? { file, line: 1, column: 1 }
    : yaml.placeOf(only.path, "value");
}

const linked = ({ file, line }: Place) => `${file}:${line}`;

function listOf(names: readonly string[]): string {
  const more = names.length - listed;
  return [...names.slice(0, listed), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
