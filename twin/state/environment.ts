import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { cacheDir } from "../../lib/paths.ts";
import { shellLines } from "../../lib/shell.ts";
import { writeWhole } from "../../lib/write-file.ts";
import { twinPaths } from "./twin.ts";

/** Variables that would override the twin's own. They are removed. */
const unset = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK", "AWS_PROFILE"] as const;

/**
 * Returns the variables with which a program works on the twin and on nothing else: the twin's programs first on PATH, its
 * Pulumi backend and plugins, its AWS profiles. With them, plain `pulumi preview -s prod` in the repository's root uses
 * the twin.
 */
export function twinVariables(
  path = process.env["PATH"] ?? "",
  paths = twinPaths(),
): Record<string, string> {
  const direct = "127.0.0.1,localhost";
  return {
    IDP_TWIN: paths.state,
    PATH: path.split(":").includes(paths.bin) ? path : `${paths.bin}:${path}`,
    // Without the backend's files of content types: an engine that is killed while it writes one leaves a stack that cannot
    // be read ("EOF"). A stack's own file is always whole.
    PULUMI_BACKEND_URL: `file://${paths.pulumiBackend}?metadata=skip`,
    PULUMI_HOME: paths.pulumiHome,
    PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
    // The twin's plugins are on PATH. Pulumi must not look for others.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    AWS_CONFIG_FILE: paths.awsConfig,
    // Engine and plugins talk to each other over this machine's own addresses, without a proxy.
    NO_PROXY: direct,
    no_proxy: direct,
  };
}

/** Returns the whole environment for a program that works on the twin. */
export function twinEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const inherited = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !unset.some((name) => name === entry[0]),
  );
  return { ...Object.fromEntries(inherited), ...twinVariables(env["PATH"]) };
}

/**
 * Returns the environment for processes of the twin's clusters, as {@link keepClusterEnvironment} saved it. It must be the
 * same whether `idp twin up` or an engine's plugin starts a cluster: a process whose environment differs is restarted.
 * @throws Error if none was saved
 */
export function clusterEnvironment(paths = twinPaths()): Record<string, string> {
  const file = paths.clusterEnvironment;
  if (!existsSync(file)) throw new Error(`${file} does not exist. Fix: idp twin up`);
  return z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(file, "utf8")));
}

/** Saves the part of this process's environment that clusters get. Proxy settings and credentials must not leak in. */
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

/** Returns shell lines that make the caller's shell use the twin: `eval "$(idp twin env)"`. */
export function exportLines(variables: Readonly<Record<string, string>>): string {
  return shellLines({ unset, variables });
}
