import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { z } from "zod";
import { GithubApp, Settings } from "../../config/schema.ts";
import { repositoryRoot } from "../../lib/paths.ts";

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly items?: Schema | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
  readonly enum?: readonly (string | number)[] | undefined;
  readonly const?: string | number | undefined;
}
const Schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    properties: z.record(z.string(), Schema).optional(),
    required: z.array(z.string()).optional(),
    items: Schema.optional(),
    oneOf: z.array(Schema).optional(),
    enum: z.array(z.union([z.string(), z.number()])).optional(),
    const: z.union([z.string(), z.number()]).optional(),
  }),
);

/** A key as the page names it: dotted, `[]` for the elements of a list. */
interface Key {
  readonly name: string;
  readonly isRequired: boolean;
  /** The values that it may have, if they are a list of words or numbers. */
  readonly values: readonly (string | number)[];
}

/** Returns the keys of a schema. A key that several forms have appears once, as required if all of them require it. */
function keysOf(schema: Schema, path = ""): Key[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([property, value]) => {
    const name = path ? `${path}.${property}` : property;
    const values = value.enum ?? (value.const === undefined ? [] : [value.const]);
    const isRequired = schema.required?.includes(property) ?? false;
    // The first level is the stack file's own keys, which are the page's sections.
    return [...(path ? [{ name, isRequired, values }] : []), ...keysOf(value, name)];
  });
  const elements = schema.items ? keysOf(schema.items, `${path}[]`) : [];
  const forms = (schema.oneOf ?? []).flatMap((form) => keysOf(form, path));
  return joined([...own, ...elements, ...forms]);
}

function joined(keys: readonly Key[]): Key[] {
  const names = [...new Set(keys.map(({ name }) => name))];
  return names.map((name) => {
    const same = keys.filter((key) => key.name === name);
    return {
      name,
      isRequired: same.every(({ isRequired }) => isRequired),
      values: same.flatMap(({ values }) => values),
    };
  });
}

const jsonSchema = (schema: z.ZodType) => Schema.parse(z.toJSONSchema(schema, { io: "input" }));

const documented: readonly Key[] = [
  ...keysOf(jsonSchema(Settings)),
  ...keysOf(jsonSchema(GithubApp), "githubApp"),
];

describe("docs/stacks.md", () => {
  let text: string;
  let rows: { key: string; meaning: string; usual: string }[];
  before(async () => {
    text = await readFile(join(repositoryRoot, "docs/stacks.md"), "utf8");
    rows = [...text.matchAll(/^\| `([^`]+)` *\|([^|]+)\|([^|]+)\|/gm)].map(
      ([, key = "", meaning = "", usual = ""]) => ({
        key,
        meaning: meaning.trim(),
        usual: usual.trim(),
      }),
    );
  });

  it("has a row for every key of the schema and no other, in the schema's order", () => {
    expect(rows.map(({ key }) => key)).to.deep.equal(documented.map(({ name }) => name));
  });

  it("has a section for every key of a stack file", () => {
    const sections = [...text.matchAll(/^## `idp:([^`]+)`$/gm)].map(([, key]) => key);
    expect(sections).to.deep.equal([...Object.keys(Settings.shape), "githubApp"]);
  });

  it("says whether each key is required", () => {
    const said = rows.map(({ key, usual }) => `${key} ${usual.startsWith("required")}`);
    expect(said).to.deep.equal(documented.map(({ name, isRequired }) => `${name} ${isRequired}`));
  });

  it("gives a meaning and a default for each", () => {
    expect(rows.filter(({ meaning, usual }) => !meaning || !usual)).to.deep.equal([]);
  });

  it("names the values that a key may have", () => {
    const missing = documented.flatMap(({ name, values }) => {
      const row = rows.find(({ key }) => key === name);
      return values
        .filter((value) => typeof value === "string" && !row?.meaning.includes(`\`${value}\``))
        .map((value) => `${name}: ${value}`);
    });
    expect(missing).to.deep.equal([]);
  });

  it("lists the periods for which logs can be kept", () => {
    const listed = /Periods[^:]*: ([\d, \n]+)\./.exec(text)?.[1]?.split(/,\s*/).map(Number);
    const periods = documented.filter(({ name }) => /RetentionDays$/.test(name));
    expect(periods.map(({ name }) => name)).to.deep.equal([
      "network.flowLogRetentionDays",
      "cluster.logRetentionDays",
    ]);
    for (const { values } of periods) expect(values).to.deep.equal(listed);
  });
});
