import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { cacheDir } from "../../lib/paths.ts";
import { shellQuoted } from "../../lib/shell.ts";
import { writeWhole } from "../../lib/write-file.ts";
import { twinPaths } from "./twin.ts";

/** Variables that would win over the twin's own: they are taken away. */
const unset = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK", "AWS_PROFILE"] as const;

/**
 * What a program needs to work on the twin and on nothing else: the twin's programs first on PATH, its Pulumi backend
 * and plugins, its AWS profiles. With it plain `pulumi preview -s prod` in the repository's root asks the twin.
 */
export function twinVariables(
  path = process.env["PATH"] ?? "",
  paths = twinPaths(),
): Record<string, string> {
  const direct = "127.0.0.1,localhost";
  return {
    IDP_TWIN: paths.state,
    PATH: path.split(":").includes(paths.bin) ? path : `${paths.bin}:${path}`,
    PULUMI_BACKEND_URL: `file://${paths.pulumiBackend}`,
    PULUMI_HOME: paths.pulumiHome,
    PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
    // The twin's plugins are the ones on PATH; no other is looked for.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    AWS_CONFIG_FILE: paths.awsConfig,
    // Engine and plugins talk to each other over this machine's own addresses.
    NO_PROXY: direct,
    no_proxy: direct,
  };
}

/** The whole environment of a program that is started to work on the twin. */
export function twinEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const inherited = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !unset.some((name) => name === entry[0]),
  );
  return { ...Object.fromEntries(inherited), ...twinVariables(env["PATH"]) };
}

/**
 * The environment of what runs in the twin's clusters: the one that {@link keepClusterEnvironment} kept. It is the same
 * whoever starts a cluster, `idp twin up` or an engine's plugin; a process whose environment differs is started anew.
 * @throws Error when none was kept
 */
export function clusterEnvironment(paths = twinPaths()): Record<string, string> {
  const file = paths.clusterEnvironment;
  if (!existsSync(file)) throw new Error(`${file} is not there. Fix: idp twin up`);
  return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, "utf8")));
}

/** Keeps what clusters get of this process's environment: nothing else leaks in, proxy settings and credentials above all. */
export function keepClusterEnvironment(
  env: NodeJS.ProcessEnv = process.env,
  paths = twinPaths(),
): void {
  const kept = {
    PATH: twinVariables(env["PATH"], paths)["PATH"],
    HOME: env["HOME"],
    IDP_TWIN: paths.state,
    IDP_CACHE: cacheDir(env),
  };
  writeWhole(paths.clusterEnvironment, `${JSON.stringify(kept, null, 2)}\n`);
}

/** Shell lines that put the caller's shell on the twin: `eval "$(idp twin env)"`. */
export function exportLines(variables: Readonly<Record<string, string>>): string {
  return [
    `unset ${unset.join(" ")}`,
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuoted(value)}`),
  ].join("\n");
}
