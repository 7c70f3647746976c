/**
 * ESLint over the sources, less those that were clean and cannot have changed their result since. ESLint's own cache
 * looks at each file alone, but most of our rules use types: what one file exports decides what is wrong in another.
 * So a result is kept under the contents of the file and of everything that it imports, however far away.
 *
 * `node test/architecture/lint.ts <file to remember in>`; without a file everything is linted.
 */
import { ESLint } from "eslint";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { z } from "zod";
import { repositoryRoot } from "../../lib/paths.ts";
import { writeWhole } from "../../lib/write-file.ts";
import { filesOf } from "./sources.ts";

const Remembered = z.record(z.string(), z.string());

/** Packages, options and the Node that decide a result as much as a source does. */
const settings = ["package-lock.json", "eslint.config.js", "tsconfig.json"];

const read = (path: string) => readFileSync(join(repositoryRoot, path), "utf8");
const hash = (parts: readonly string[]) =>
  createHash("sha256").update(parts.join("\n")).digest("hex");

/** Every source with a hash of all that its result comes from. */
export function keysOf(sources: ReadonlyMap<string, string>, base: string): Map<string, string> {
  const imports = new Map(
    [...sources].map(([path, text]) => [
      path,
      ts
        .preProcessFile(text)
        .importedFiles.map(({ fileName }) => join(path, "..", fileName))
        .filter((imported) => sources.has(imported)),
    ]),
  );
  const contents = new Map([...sources].map(([path, text]) => [path, hash([text])]));
  const key = (path: string) => {
    const all = new Set([path]);
    for (const one of all) for (const imported of imports.get(one) ?? []) all.add(imported);
    return hash([base, ...[...all].sort().map((one) => `${one} ${contents.get(one) ?? ""}`)]);
  };
  return new Map([...sources.keys()].map((path) => [path, key(path)]));
}

async function lint(memory: string | undefined): Promise<boolean> {
  const eslint = new ESLint({ cwd: repositoryRoot });
  const paths = await filesOf(repositoryRoot, "*.ts");
  const sources = new Map(paths.map((path) => [path, read(path)]));
  const keys = keysOf(sources, hash([process.version, ...settings.map(read)]));
  const known = Remembered.parse(
    memory !== undefined && existsSync(memory) ? JSON.parse(readFileSync(memory, "utf8")) : {},
  );
  const due = paths.filter((path) => known[path] !== keys.get(path));
  const results = due.length === 0 ? [] : await eslint.lintFiles(due);
  const unclean = new Set(
    results.filter(({ messages }) => messages.length > 0).map(({ filePath }) => filePath),
  );
  const clean = paths.filter((path) => !unclean.has(join(repositoryRoot, path)));
  if (memory !== undefined) {
    writeWhole(
      memory,
      JSON.stringify(Object.fromEntries(clean.map((path) => [path, keys.get(path)]))),
    );
  }
  const formatter = await eslint.loadFormatter("stylish");
  process.stdout.write(await formatter.format(results));
  return unclean.size === 0;
}

if (import.meta.main) process.exitCode = (await lint(process.argv[2])) ? 0 : 1;
