/**
 * Prints, as outputs of a workflow's step, the locked versions of the doubled components and whether this commit changed
 * one of them: `node test/conformance/versions.ts`. Of a pull request's merge the commit before is its base. A commit with
 * none before it changed them.
 */
import { execFileSync } from "node:child_process";
import { pathToFileURL } from "node:url";

const packages = ["awsx", "eks"] as const;

/** The outputs for a lock file and the one before, if there was one. */
export function versionOutputs(now: string, before: string | undefined): string {
  const [locked, earlier] = [versionsIn(now), before === undefined ? [] : versionsIn(before)];
  const changed = locked.some((version, index) => version !== earlier[index]);
  return [...packages.map((name, index) => `${name}=${locked[index]}`), `changed=${changed}`]
    .map((line) => `${line}\n`)
    .join("");
}

function versionsIn(lock: string): string[] {
  const found: unknown = JSON.parse(lock);
  return packages.map((name) => {
    const version = at(found, "packages", `node_modules/@pulumi/${name}`, "version");
    if (typeof version === "string") return version;
    throw new Error(`package-lock.json has no version of @pulumi/${name}. Fix: npm install`);
  });
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (part, key) =>
      typeof part === "object" && part !== null
        ? new Map(Object.entries(part)).get(key)
        : undefined,
    value,
  );
}

function lockFile(commit: string): string {
  return execFileSync("git", ["show", `${commit}:package-lock.json`], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "ignore"],
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  let before: string | undefined;
  try {
    before = lockFile("HEAD^1");
  } catch {
    before = undefined;
  }
  process.stdout.write(versionOutputs(lockFile("HEAD"), before));
}
