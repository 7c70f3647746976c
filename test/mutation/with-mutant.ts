import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";

// Loaded before a test: gives one module of the program another text than its file has. Nothing on the disk changes.
const { MUTANT_MODULE: module, MUTANT_SOURCE: source } = process.env;
if (module !== undefined && source !== undefined) {
  const text = readFileSync(source, "utf8");
  registerHooks({
    load: (url, context, nextLoad) =>
      url === module
        ? { format: "module-typescript", source: text, shortCircuit: true }
        : nextLoad(url, context),
  });
}
