import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { messageOf } from "../lib/message-of.ts";
import { environments, type Environment } from "./environments.ts";
import type { Settings } from "./schema.ts";

/** A committed `Pulumi.<environment>.yaml`: what is known about an environment before its stack runs. */
export interface StackFile {
  readonly environment: Environment;
  /** File name relative to the repository's root. */
  readonly file: string;
  /** The `idp:*` keys, without the namespace, unchecked. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Namespace of the configuration keys that are the platform's settings. */
export const namespace = "idp";

const StackFileText = z.object({ config: z.record(z.string(), z.unknown()).default({}) });

/**
 * Returns a committed stack file; undefined if it does not exist.
 * @throws Error naming the file when it is not YAML or has no `config` map.
 */
export function readStackFile(root: string, environment: Environment): StackFile | undefined {
  const file = stackFileOf(environment);
  if (!existsSync(join(root, file))) return undefined;
  return parseStackFile(environment, readFileSync(join(root, file), "utf8"));
}

/** Returns the path of an environment's stack file, from the repository's root. */
export function stackFileOf(environment: Environment): string {
  return `Pulumi.${environment}.yaml`;
}

/**
 * Returns the stack file with this text.
 * @throws Error naming the file when it is not YAML or has no `config` map.
 */
export function parseStackFile(environment: Environment, text: string): StackFile {
  const file = stackFileOf(environment);
  try {
    const { config } = StackFileText.parse(parse(text));
    return { environment, file, settings: inNamespace(config) };
  } catch (error) {
    const why = messageOf(error);
    throw new Error(`${file} cannot be read: ${why}`, { cause: error });
  }
}

/** Key of a setting, or of a group of them, in a stack's configuration. */
export function settingKey(name: keyof Settings): string {
  return `${namespace}:${name}`;
}

/**
 * Where a setting stands in the text of a stack file, such as `settingPath("aws", "region")`. The compiler refuses a
 * path that the settings' schema does not have.
 */
export function settingPath(...[name, ...rest]: SettingPath): (string | number)[] {
  return ["config", settingKey(name), ...rest];
}

type SettingPath = {
  [Name in keyof Settings]-?: [Name, ...PathIn<NonNullable<Settings[Name]>>];
}[keyof Settings];

/** A path into a value, as far as somebody wants to go. */
type PathIn<T> = T extends readonly (infer Item)[]
  ? [] | [index: number, ...PathIn<Item>]
  : T extends object
    ? [] | { [Key in keyof T & string]-?: [Key, ...PathIn<NonNullable<T[Key]>>] }[keyof T & string]
    : [];

/**
 * Returns the settings, unchecked, in a stack's configuration as the engine passes it: keyed `idp:<key>`, values as JSON
 * text.
 */
export function engineSettings(
  config: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inNamespace(config)).map(([key, text]) => [key, text && valueOf(text)]),
  );
}

/** Returns the value of a JSON text, or the text itself if it is not JSON, such as a plain string. */
export function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function inNamespace<T>(config: Readonly<Record<string, T>>): Record<string, T> {
  const prefix = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
    ),
  );
}

/** Returns the stack files among texts by path, such as a commit's, in the environments' order. */
export function stackFilesIn(files: ReadonlyMap<string, string>): StackFile[] {
  return environments.flatMap((environment) => {
    const text = files.get(stackFileOf(environment));
    return text === undefined ? [] : parseStackFile(environment, text);
  });
}

/** Returns the committed stack files, in the environments' order. */
export function readStackFiles(root: string): StackFile[] {
  return environments.flatMap((environment) => readStackFile(root, environment) ?? []);
}

/**
 * Returns an environment's stack file.
 * @throws Error naming the file when it is missing
 */
export function stackFileIn(stackFiles: readonly StackFile[], environment: Environment): StackFile {
  const own = stackFiles.find((file) => file.environment === environment);
  if (own) return own;
  const file = stackFileOf(environment);
  throw new Error(`${file} is missing. Fix: git checkout ${file}`);
}
