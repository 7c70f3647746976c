import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { cacheDir, repositoryRoot } from "../../lib/paths.ts";
import { ensureTools } from "../../twin/toolchain/build.ts";
import { binaryPath } from "../../twin/toolchain/locate.ts";

/** A line of a linter: rule, file below the linted folder, what is wrong. */
export interface LintFinding {
  readonly rule: string;
  readonly file: string;
  readonly message: string;
}

const requirements = join(import.meta.dirname, "zizmor/requirements.txt");

/** Where zizmor is, or will be; another requirements.txt is another folder. */
function zizmorFolder(): string {
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  return join(cacheDir(), "tools", `zizmor-${hash}`);
}

/**
 * Puts both linters into the cache where they are not there yet: actionlint is built (about 15 s), zizmor comes as the
 * wheel that requirements.txt pins (10 MB, 3 s).
 * @throws Error with pip's own words when Python or the wheel cannot be had
 */
export async function ensureLinters(): Promise<void> {
  await ensureTools(["actionlint"]);
  const folder = zizmorFolder();
  if (existsSync(folder)) return;
  process.stderr.write(`zizmor: installing into ${folder}\n`);
  mkdirSync(join(folder, ".."), { recursive: true });
  // It appears by one rename: a killed installation is never taken for a finished one.
  const half = mkdtempSync(`${folder}.`);
  const words =
    "-m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes";
  try {
    await execa("python3", [...words.split(" "), "--target", half, "--requirement", requirements], {
      env: { PIP_ROOT_USER_ACTION: "ignore" },
    });
    if (!existsSync(folder)) renameSync(half, folder);
  } catch (error) {
    throw new Error(
      "zizmor, the security linter of the workflows, could not be installed. It needs python3 with pip: " +
        "on Debian and Ubuntu `apt-get install python3-pip`.",
      { cause: error },
    );
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

const ActionlintFinding = z.object({
  kind: z.string(),
  filepath: z.string(),
  line: z.int(),
  message: z.string(),
});

/** What actionlint says of these workflow files. It checks their schema, types of expressions, and untrusted inputs. */
export async function actionlint(files: readonly string[], cwd: string): Promise<LintFinding[]> {
  // What else is on this machine must not decide: no shellcheck, no pyflakes.
  const options = ["-no-color", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}"];
  const { stdout } = await execa(binaryPath("actionlint"), [...options, ...files], {
    cwd,
    // 1 says that there are findings.
    reject: false,
  });
  return z
    .array(ActionlintFinding)
    .parse(JSON.parse(stdout))
    .map(({ kind, filepath, line, message }) => ({
      rule: kind,
      file: `${filepath}:${line}`,
      message,
    }));
}

const ZizmorFinding = z.object({
  ident: z.string(),
  desc: z.string(),
  ignored: z.boolean(),
  determinations: z.object({ severity: z.string() }),
  locations: z.array(
    z.object({
      symbolic: z.object({
        key: z.looseObject({ Local: z.object({ verbatim_path: z.string() }).optional() }),
      }),
    }),
  ),
});

/** What zizmor says of the workflows and actions below a folder, with `config` or as it is by default. */
export async function zizmor(
  cwd: string,
  { config }: { config?: string } = {},
): Promise<(LintFinding & { readonly severity: string })[]> {
  const { stdout, stderr, exitCode } = await execa(
    join(zizmorFolder(), "bin/zizmor"),
    [
      "--offline",
      "--no-progress",
      "--format=json",
      "--strict-collection",
      ...(config === undefined ? ["--no-config"] : ["--config", config]),
      ".",
    ],
    { cwd, reject: false },
  );
  // 10 and more say how severe the findings are; less than that is an error of its own.
  if (exitCode === undefined || (exitCode > 0 && exitCode < 10)) throw new Error(stderr);
  return z
    .array(ZizmorFinding)
    .parse(JSON.parse(stdout))
    .filter(({ ignored }) => !ignored)
    .map(({ ident, desc, determinations, locations }) => ({
      rule: ident,
      severity: determinations.severity,
      file: locations[0]?.symbolic.key.Local?.verbatim_path ?? "",
      message: desc,
    }));
}

/** The configuration of zizmor that is part of the repository. */
export const zizmorConfig = join(repositoryRoot, ".github/zizmor.yml");
