import { shellQuoted } from "../../lib/shell.ts";
import { writeWhole } from "../../lib/write-file.ts";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { pulumiShim } from "./pulumi-shim.ts";
import { sdkVersion } from "./sdk-version.ts";
import { shims } from "./shims.ts";
import { binaryPath } from "../toolchain/locate.ts";
import type { BinaryName } from "../toolchain/tools.ts";
import { twinPaths } from "../state/twin.ts";

/** Built programs that are on the twin's PATH under their own name. */
const linkedPrograms: readonly BinaryName[] = ["kubectl", "helm", "argocd"];

/**
 * Installs the twin's programs. On its PATH: `pulumi` with the twin's settings, the `aws` double and the toolchain's
 * programs. In its engine's plugin folder: the doubles and the Kubernetes provider. A program that is already installed is
 * not touched, because it may be running.
 */
export function installPrograms(paths = twinPaths()): void {
  const plugins = join(paths.pulumiHome, "plugins");
  for (const { name, pluginFolder, content } of shims(paths.state)) {
    const folder = pluginFolder === undefined ? paths.bin : join(plugins, pluginFolder);
    placeScript(join(folder, name), content);
  }
  placeScript(join(paths.bin, "pulumi"), pulumiShim(binaryPath("pulumi"), paths.settings));
  for (const name of linkedPrograms) placeLink(join(paths.bin, name), binaryPath(name));
  const provider = "pulumi-resource-kubernetes";
  const version = sdkVersion("kubernetes");
  // At every run it leaves a kubeconfig in the temporary folder. This one is deleted with the twin.
  const temporary = join(paths.state, "tmp");
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  placeScript(
    join(plugins, `resource-kubernetes-v${version}`, provider),
    [
      "#!/bin/sh",
      `export TMPDIR=${shellQuoted(temporary)}`,
      `exec ${shellQuoted(binaryPath(provider))} "$@"`,
      "",
    ].join("\n"),
  );
}

/** Returns an environment whose PATH finds the real `pulumi`: without the twin's own folder, which holds the shim. */
export function withoutTwin(env: NodeJS.ProcessEnv, bin = twinPaths().bin): NodeJS.ProcessEnv {
  const folders = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== bin);
  return { ...env, PATH: folders.join(delimiter) };
}

function placeScript(path: string, content: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === content) return;
  writeWhole(path, content, 0o755);
}

function placeLink(path: string, target: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (isLink && readlinkSync(path) === target) return;
  rmSync(path, { force: true });
  symlinkSync(target, path);
}
