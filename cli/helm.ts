import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { execa, ExecaError } from "execa";
import type { Helm } from "../catalog/chart.ts";

/** Returns the Helm on PATH, or else the twin's, which is built first if it is missing (once, in minutes). */
export async function findHelm(env: NodeJS.ProcessEnv = process.env): Promise<Helm> {
  const program = onPath("helm", env) ?? (await built());
  return async (args) => {
    try {
      return (await execa(program, args, { stdin: "ignore" })).stdout;
    } catch (error) {
      throw error instanceof ExecaError ? new Error(String(error.stderr)) : error;
    }
  };
}

async function built(): Promise<string> {
  // Imported only when PATH has no Helm: `idp check` on a runner must load nothing of the twin.
  const { ensureTools } = await import("../twin/toolchain/build.ts");
  const { binaryPath } = await import("../twin/toolchain/locate.ts");
  await ensureTools(["helm"]);
  return binaryPath("helm");
}

function onPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return (env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
