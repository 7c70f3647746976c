import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../lib/paths.ts";

/** Returns the installed version of `@pulumi/<name>`. The engine asks the plugin for this version. */
export function sdkVersion(name: string): string {
  const file = join(repositoryRoot, "node_modules/@pulumi", name, "package.json");
  const manifest: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) {
    return String(manifest.version);
  }
  throw new Error(`${file} has no version. Fix: npm ci`);
}
