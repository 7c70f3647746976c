import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../paths.ts";

// TEMPORARY until the toolchain's own lookup exists.
export function binaryPath(name: string): string {
  const folders = ["/tmp/tcbin"];
  const tools = join(cacheDir(), "tools");
  if (existsSync(tools)) {
    for (const entry of readdirSync(tools)) folders.unshift(join(tools, entry, "bin"));
  }
  const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${name} is not built. Fix: idp local up`);
  return found;
}
