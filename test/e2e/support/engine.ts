import { execa } from "execa";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../../../lib/paths.ts";
import { shellQuoted } from "../../../lib/shell.ts";
import { sdkVersion } from "../../../twin/engine/sdk-version.ts";
import { shims, startScript } from "../../../twin/engine/shims.ts";
import { ensureTools } from "../../../twin/toolchain/build.ts";
import { binaryPath } from "../../../twin/toolchain/locate.ts";
import { awsConfig } from "../../../twin/state/twin.ts";

/** The real engine with the doubles' plugins and a backend of its own, for one program; no cluster, no processes left. */
export interface Engine {
  /** Its folder: `aws` has what the AWS double remembers. */
  readonly folder: string;
  /** Runs the CLI in the program's folder. */
  readonly pulumi: (
    args: readonly string[],
    more?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly code: number | undefined; readonly text: string }>;
  readonly remove: () => void;
}

/**
 * Sets an engine up for a program of test/fixtures; builds the tools where they are missing.
 * @param packages names of the packages whose plugins the program needs
 * @param real paths of programs that take the place of doubles of the same name
 */
export async function engineFor(
  fixture: string,
  packages: readonly string[],
  real: Readonly<Record<string, string>> = {},
): Promise<Engine> {
  await ensureTools(["pulumi", "pulumi-kubernetes"]);
  const folder = mkdtempSync(join(tmpdir(), `idp-${fixture}-`));
  const program = join(folder, "program");
  const source = join(repositoryRoot, "test/fixtures", fixture);
  mkdirSync(program);
  // The CLI writes beside the project's file; what the program imports is found from where it really is.
  for (const file of readdirSync(source)) symlinkSync(join(source, file), join(program, file));
  symlinkSync(join(repositoryRoot, "node_modules"), join(program, "node_modules"));
  const dependencies = Object.fromEntries(packages.map((name) => [name, "*"]));
  writeFileSync(
    join(program, "package.json"),
    JSON.stringify({ name: fixture, type: "module", main: "index.ts", dependencies }),
  );
  for (const part of ["aws", "bin", "backend"]) mkdirSync(join(folder, part));
  writeFileSync(join(folder, "aws/config"), awsConfig());
  const clusterless = startScript(join(import.meta.dirname, "aws-without-clusters.ts"), folder);
  for (const { name, content, pluginFolder } of shims(folder)) {
    place(
      join(folder, pluginFolder === undefined ? "bin" : `home/plugins/${pluginFolder}`, name),
      name === "pulumi-resource-aws" ? clusterless : (started(real[name]) ?? content),
    );
  }
  const kubernetes = "pulumi-resource-kubernetes";
  // The real eks asks for an older version than our SDK's: on PATH the program serves every version.
  const kubernetesFolder =
    "pulumi-resource-eks" in real
      ? "bin"
      : `home/plugins/resource-kubernetes-v${sdkVersion("kubernetes")}`;
  place(join(folder, kubernetesFolder, kubernetes), started(binaryPath(kubernetes)));
  const env = {
    PATH: `${join(folder, "bin")}:${dirname(process.execPath)}:/usr/bin:/bin`,
    HOME: folder,
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  return {
    folder,
    pulumi: async (args, more = {}) => {
      const result = await execa(binaryPath("pulumi"), [...args, "--non-interactive"], {
        cwd: program,
        env: { ...env, ...more },
        extendEnv: false,
        all: true,
        reject: false,
      });
      return { code: result.exitCode, text: result.all };
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A script that becomes the program. */
function started(program: string): string;
function started(program: string | undefined): string | undefined;
function started(program: string | undefined): string | undefined {
  return program === undefined ? undefined : `#!/bin/sh\nexec ${shellQuoted(program)} "$@"\n`;
}

function place(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, 0o755);
}
