import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { environments, type Environment } from "./environments.ts";
import { registryHost } from "./schema.ts";

/** What other parts need to know of an environment before its stack runs, as committed in `Pulumi.<environment>.yaml`. */
export interface StackFile {
  readonly environment: Environment;
  /** File name relative to the repository's root. */
  readonly file: string;
  /** The `idp:*` keys, without the namespace, unchecked. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const StackFileText = z.object({ config: z.record(z.string(), z.unknown()).default({}) });

/**
 * Reads one committed stack file; undefined when it does not exist.
 * @throws Error naming the file when it is no YAML or has no `config` map.
 */
export function readStackFile(root: string, environment: Environment): StackFile | undefined {
  const file = stackFileOf(environment);
  if (!existsSync(join(root, file))) return undefined;
  return parseStackFile(environment, readFileSync(join(root, file), "utf8"));
}

/** Path of an environment's stack file, from the repository's root. */
export function stackFileOf(environment: Environment): string {
  return `Pulumi.${environment}.yaml`;
}

/**
 * A stack file from its text.
 * @throws Error naming the file when it is no YAML or has no `config` map.
 */
export function parseStackFile(environment: Environment, text: string): StackFile {
  const file = stackFileOf(environment);
  try {
    const { config } = StackFileText.parse(parse(text));
    const settings = Object.fromEntries(
      Object.entries(config).flatMap(([key, value]) =>
        key.startsWith("idp:") ? [[key.slice("idp:".length), value]] : [],
      ),
    );
    return { environment, file, settings };
  } catch (error) {
    throw new Error(`${file} cannot be read: ${String(error)}`, { cause: error });
  }
}

/** The committed stack files, in the environments' order. */
export function readStackFiles(root: string): StackFile[] {
  return environments.flatMap((environment) => readStackFile(root, environment) ?? []);
}

const Account = z.object({ aws: z.object({ accountId: z.string(), region: z.string() }) });

/**
 * Host of the registry that stands in an environment's committed service files: that of the account in its committed
 * stack file. It is not always that of the settings in use: a run with `--config-file` may be for another account.
 * @throws Error naming the file when it is missing or has no account
 */
export function committedRegistryHost(
  stackFiles: readonly StackFile[],
  environment: Environment,
): string {
  const own = stackFiles.find((file) => file.environment === environment);
  const parsed = Account.safeParse(own?.settings);
  if (!parsed.success) {
    throw new Error(
      `Pulumi.${environment}.yaml must have idp:aws with accountId and region as text:\n${z.prettifyError(parsed.error)}`,
    );
  }
  return registryHost(parsed.data.aws);
}
