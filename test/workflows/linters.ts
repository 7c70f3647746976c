import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { cacheDir, repositoryRoot } from "../../lib/paths.ts";
import { ensureTools } from "../../twin/toolchain/build.ts";
import { binaryPath } from "../../twin/toolchain/locate.ts";

/** A linter's finding: the rule, the file below the linted folder, and what is wrong. */
export interface LintFinding {
  readonly rule: string;
  readonly file: string;
  readonly message: string;
}

const requirements = join(import.meta.dirname, "zizmor/requirements.txt");

/** Returns the folder of zizmor; each version of requirements.txt has its own. */
function zizmorFolder(): string {
  const hash = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  return join(cacheDir(), "tools", `zizmor-${hash}`);
}

/**
 * Puts both linters into the cache if they are missing: actionlint is built (about 15 s), zizmor comes as the wheel that
 * requirements.txt pins (10 MB, 3 s).
 * @throws Error with pip's own message when Python or the wheel is not available
 */
export async function ensureLinters(): Promise<void> {
  await ensureTools(["actionlint"]);
  const folder = zizmorFolder();
  if (existsSync(folder)) return;
  process.stderr.write(`zizmor: installing into ${folder}\n`);
  mkdirSync(join(folder, ".."), { recursive: true });
  // One rename puts it in place: a killed installation is never mistaken for a finished one.
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

/** Returns actionlint's findings. It checks the workflows' schema, types of expressions, and untrusted inputs. */
export async function actionlint(files: readonly string[], cwd: string): Promise<LintFinding[]> {
  // The result must not depend on what else this machine has: no shellcheck, no pyflakes.
  const options = ["-no-color", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}"];
  // actionlint 1.7.12 is older than GitHub's `queue` (7 May 2026), whose two words workflows.ts checks.
  const known = ["-ignore", 'unexpected key "queue" for "concurrency" section'];
  const { stdout } = await execa(binaryPath("actionlint"), [...options, ...known, ...files], {
    cwd,
    // 1 means that there are findings.
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

/** Returns zizmor's findings in the workflows and actions below a folder, with `config` or its default settings. */
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
  // From 10 on the code says how severe the findings are; below 10 zizmor itself failed.
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

/** The repository's configuration of zizmor. */
export const zizmorConfig = join(repositoryRoot, ".github/zizmor.yml");
