import fc from "fast-check";
import { example } from "../../catalog/schema.ts";

/** What a generated service file means. */
export interface Content {
  readonly image: { readonly repository: string; readonly tag: string };
  readonly port: number;
  readonly resources: string;
  readonly replicas: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly hold?: { readonly tag: string; readonly reason: string };
}

/** A service file as a person might write it. */
export interface WrittenFile {
  readonly text: string;
  readonly content: Content;
}

const tag = fc.stringMatching(/^[0-9a-f]{7}$/).map((digits) => `sha-${digits}`);
/** Text that some reader takes for something else without quotes, or that needs an escape. */
const awkward = [
  "yes",
  "0o17",
  "1:30",
  "017",
  "1_0",
  "~",
  "",
  "a: b",
  "a # b",
  "é \u{1F600}",
  "'",
  '"',
  "\\",
];
const value = fc.oneof(fc.constantFrom(...awkward), fc.stringMatching(/^[ -~]{0,12}$/));
/** Without quotes, these names are no text. */
const name = fc
  .stringMatching(/^[A-Z][A-Z0-9_]{1,5}$/)
  .filter((word) => !["NO", "ON", "OFF", "YES", "TRUE", "FALSE", "NULL"].includes(word));
const reason = fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/);

const content: fc.Arbitrary<Content> = fc
  .record(
    {
      tag,
      port: fc.integer({ min: 1024, max: 65535 }),
      resources: fc.constantFrom("small", "medium", "large"),
      replicas: fc.integer({ min: 1, max: 50 }),
      env: fc.dictionary(name, value, {
        minKeys: 1,
        maxKeys: 3,
      }),
      hold: fc.record({ tag, reason }),
    },
    { requiredKeys: ["tag", "port", "resources", "replicas"] },
  )
  .map(({ tag, env, hold, ...rest }) => ({
    image: { repository: example.image.repository, tag },
    ...rest,
    ...(env && { env: { ...env } }),
    ...(hold && { hold: { ...hold } }),
  }));

const styles = fc.record({
  root: fc.constantFrom("block", "indented", "flow", "json", "lines"),
  step: fc.constantFrom("  ", "    "),
  quote: fc.constantFrom("double", "single"),
  newline: fc.constantFrom("\n", "\r\n"),
  mark: fc.constantFrom("", "\uFEFF"),
  head: fc.constantFrom("", "# what it is\n", "---\n", "\n\n# a\n---\n# b\n"),
  tail: fc.constantFrom("", "\n", "# the end\n", "...\n", "...\n# no more\n"),
  comment: fc.constantFrom("", " # why", "   #"),
  gap: fc.constantFrom("", "\n", "# between\n"),
  lastBreak: fc.boolean(),
});
type Style = typeof styles extends fc.Arbitrary<infer T> ? T : never;

/** Every style that people write service files in, each a valid file. */
export const serviceFiles: fc.Arbitrary<WrittenFile> = fc
  .tuple(content, styles)
  .map(([content, style]) => ({ content, text: written(content, style) }));

function written(content: Content, style: Style): string {
  const { root, newline, mark, head, tail, lastBreak } = style;
  const body =
    root === "json"
      ? `${JSON.stringify(content)}\n`
      : root === "flow"
        ? `${flow(content, style)}\n`
        : root === "lines"
          ? `{\n${Object.entries(content)
              .map(([key, one]) => `  ${key}: ${flow(one, style)},${style.comment}\n`)
              .join("")}}\n`
          : block(content, root === "indented" ? "  " : "", style);
  const text = `${head}${body}${tail}`;
  // The mark would count as a column of the first line.
  const isShifted = root === "indented" && head === "";
  const whole = lastBreak || tail !== "" ? text : text.replace(/\n$/, "");
  return (isShifted ? "" : mark) + whole.replaceAll("\n", newline);
}

function block(map: object, indent: string, style: Style): string {
  return Object.entries(map)
    .map(([key, one]: [string, unknown]) =>
      isMap(one)
        ? `${indent}${key}:${style.comment}\n${block(one, indent + style.step, style)}`
        : `${indent}${key}: ${scalar(one, style)}${style.comment}\n`,
    )
    .join(indent === "" ? style.gap : "");
}

function flow(one: unknown, style: Style): string {
  if (!isMap(one)) return scalar(one, style);
  return `{ ${Object.entries(one)
    .map(([key, inner]) => `${key}: ${flow(inner, style)}`)
    .join(", ")} }`;
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Plain where every reader takes it for what it is. */
function scalar(value: unknown, { quote }: Style): string {
  if (typeof value !== "string") return String(value);
  if (/^(sha-[0-9a-f]{7}|small|medium|large|[0-9]+\.dkr[a-z0-9./-]*)$/.test(value)) return value;
  return quote === "single" ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value);
}
