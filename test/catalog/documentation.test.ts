import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { z } from "zod";
import { example, ServiceFile } from "../../catalog/schema.ts";
import { repositoryRoot } from "../../lib/paths.ts";

const Schema = z.object({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
});

/** Every key of the schema, dotted; maps that only group other keys are left out. */
function keysOf(raw: unknown, path = ""): string[] {
  const schema = Schema.parse(raw);
  const inner = (name: string) => (path ? `${path}.${name}` : name);
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, value]) =>
    keysOf(value, inner(name)),
  );
  const free = typeof schema.additionalProperties === "object" ? [inner("<NAME>")] : [];
  const forms = schema.anyOf ? [path, ...schema.anyOf.flatMap((form) => keysOf(form, path))] : [];
  const keys = [...named, ...free, ...forms];
  return keys.length > 0 ? [...new Set(keys)] : [path];
}

describe("docs/services.md", () => {
  let text: string;
  before(async () => {
    text = await readFile(join(repositoryRoot, "docs/services.md"), "utf8");
  });

  it("has a row for every key of the schema and no others", () => {
    const section = /^## Keys\n([\s\S]*?)^There are no other keys/m.exec(text)?.[1] ?? "";
    const rows = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, key]) => key);
    expect(rows).to.deep.equal(keysOf(z.toJSONSchema(ServiceFile, { io: "input" })));
  });

  it("shows the example that messages quote", () => {
    expect(parse(/```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? "")).to.deep.equal(example);
    expect(ServiceFile.safeParse(example).error).to.equal(undefined);
  });

  it("lists the chart's sizes", async () => {
    const sizes = z
      .record(
        z.string(),
        z.record(z.enum(["requests", "limits"]), z.object({ cpu: z.string(), memory: z.string() })),
      )
      .parse(
        parse(
          await readFile(join(repositoryRoot, "helm-charts/standard-service/sizes.yaml"), "utf8"),
        ),
      );
    const rows = [...text.matchAll(/^\| `(\w+)` +\| (\S+) +\| (\S+) +\| (\S+) +\|$/gm)];
    expect(rows.map(([, ...cells]) => cells)).to.deep.equal(
      Object.entries(sizes).map(([name, { requests, limits }]) => {
        expect(limits.memory).to.equal(requests.memory);
        return [name, requests.cpu, limits.cpu, limits.memory];
      }),
    );
  });
});
