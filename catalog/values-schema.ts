import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format } from "prettier";
import { z } from "zod";
import { chartPath } from "./chart.ts";
import { ServiceFile } from "./schema.ts";

/** The chart's schema file, from the repository's root. */
export const valuesSchemaFile = `${chartPath}/values.schema.json`;

/** Returns the text of {@link valuesSchemaFile}: the JSON Schema that Helm checks a service file against. */
export async function valuesSchema(): Promise<string> {
  const schema = z.toJSONSchema(ServiceFile, { io: "input", target: "draft-7" });
  const comment = "Made from catalog/schema.ts by: node catalog/values-schema.ts";
  return format(JSON.stringify({ $comment: comment, ...schema }), {
    parser: "json",
    printWidth: 100,
  });
}

if (import.meta.main) {
  await writeFile(join(import.meta.dirname, "..", valuesSchemaFile), await valuesSchema());
}
