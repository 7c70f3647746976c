import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { pulumiShim } from "./pulumi-shim.ts";
import { shims } from "./shims.ts";
import { binaryPath } from "./toolchain/locate.ts";
import type { BinaryName } from "./toolchain/tools.ts";
import { twinPaths } from "./twin.ts";

/** Built programs that are on the twin's PATH under their own name. */
const linked: readonly BinaryName[] = [
  "pulumi-resource-kubernetes",
  "kubectl",
  "helm",
  "argocd",
  "crane",
];

/**
 * Puts the twin's programs into its folder on PATH: the doubles, `pulumi` with the twin's settings, and what the
 * toolchain built. What is there already stays untouched, so a program that runs is not pulled from under it.
 */
export function installPrograms(paths = twinPaths()): void {
  mkdirSync(paths.bin, { recursive: true });
  const scripts = [
    ...shims(paths.state),
    { name: "pulumi", content: pulumiShim(binaryPath("pulumi"), paths.settings) },
  ];
  const wanted = new Set<string>([...scripts.map(({ name }) => name), ...linked]);
  for (const name of readdirSync(paths.bin)) {
    if (!wanted.has(name)) rmSync(join(paths.bin, name));
  }
  for (const { name, content } of scripts) placeScript(join(paths.bin, name), content);
  for (const name of linked) placeLink(join(paths.bin, name), binaryPath(name));
}

/** A PATH without the twin's own folder: there `pulumi` is the twin's, and the real one is looked for. */
export function withoutTwin(env: NodeJS.ProcessEnv, bin = twinPaths().bin): NodeJS.ProcessEnv {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== bin);
  return { ...env, PATH: folders.join(delimiter) };
}

function placeScript(path: string, content: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === content) return;
  writeFileSync(`${path}.new`, content);
  chmodSync(`${path}.new`, 0o755);
  renameSync(`${path}.new`, path);
}

function placeLink(path: string, target: string): void {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (isLink && readlinkSync(path) === target) return;
  rmSync(path, { force: true });
  symlinkSync(target, path);
}
