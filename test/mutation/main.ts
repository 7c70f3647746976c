/**
 * Makes small mistakes in the rules, one at a time, and runs the tests that should notice. A mistake that no test notices
 * is a hole in the tests. `make mutation`; words name sources, such as keys-rotate.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { execa } from "execa";
import pMap from "p-map";
import { repositoryRoot } from "../../lib/paths.ts";
import { mutantsOf } from "./mutants.ts";

/** The least share of mistakes that must be noticed. */
const limit = 0.95;
/** A mistake can make a loop endless; a test that takes so long has noticed. */
const timeoutMs = 30_000;

const policy = join(repositoryRoot, "policy");
const tests = join(repositoryRoot, "test/policy");
/** What the rules are made of. Every rule's tests are theirs, besides what is named here. */
const helpers: Readonly<Record<string, readonly string[]>> = {
  "allowed.ts": ["facts.test.ts"],
  "facts.ts": ["facts.test.ts"],
  "grants.ts": ["facts.test.ts"],
  "object-parts.ts": ["facts.test.ts"],
  "placeholders.ts": ["facts.test.ts"],
  "iam.ts": [],
  "eks.ts": [],
  "values.ts": ["pack.test.ts"],
  "manifests.ts": [],
  "plan.ts": ["pack.test.ts"],
  "rule.ts": ["readme.test.ts"],
  "evaluate.ts": ["evaluate.test.ts"],
  "settings.ts": [],
  "subjects.ts": ["subjects.test.ts", "pack.test.ts", "audit.test.ts"],
};

interface Subject {
  readonly file: string;
  /** Tests that should notice, those that are likely to first. */
  readonly tests: readonly string[];
}

function subjects(): Subject[] {
  const rules = readdirSync(join(policy, "rules")).filter((name) => name !== "index.ts");
  const testOf = (rule: string) => rule.replace(/\.ts$/, ".test.ts");
  return [
    // What is generated from the rules tells their levels.
    ...rules.map((rule) => ({ file: `rules/${rule}`, tests: [testOf(rule), "readme.test.ts"] })),
    ...Object.entries(helpers).map(([file, own]) => ({
      file,
      tests: [...own, ...rules.map(testOf)],
    })),
  ];
}

const concurrency = availableParallelism();
let number = 0;
const scratch = mkdtempSync(join(tmpdir(), "idp-mutation-"));
try {
  await main(process.argv.slice(2));
} finally {
  rmSync(scratch, { recursive: true });
}

async function main(words: readonly string[]): Promise<void> {
  const wanted = subjects().filter(
    ({ file }) => words.length === 0 || words.includes(basename(file, ".ts")),
  );
  const missing = wanted.flatMap(({ tests: own }) =>
    own.filter((name) => !existsSync(join(tests, name))),
  );
  if (missing.length > 0) throw new Error(`no test file test/policy/${missing.join(", ")}`);
  const jobs = wanted.flatMap((subject) =>
    mutantsOf(readFileSync(join(policy, subject.file), "utf8")).map((mutant) => ({
      ...subject,
      mutant,
    })),
  );
  await pMap(
    wanted,
    async ({ file, tests: own }) => {
      const source = readFileSync(join(policy, file), "utf8");
      if (await isNoticed(file, source, own)) {
        throw new Error(`policy/${file}: its tests fail as it is. Fix: make test`);
      }
    },
    { concurrency },
  );
  const start = performance.now();
  const killed = await pMap(
    jobs,
    async ({ file, mutant, tests: own }) => {
      const noticed = await isNoticed(file, mutant.source, own);
      if (!noticed) {
        console.log(`survived  policy/${file}:${mutant.line}  ${mutant.from}  ->  ${mutant.to}`);
      }
      return noticed;
    },
    { concurrency },
  );
  const count = killed.filter(Boolean).length;
  const share = count / jobs.length;
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `${count} of ${jobs.length} mistakes in ${wanted.length} sources noticed: ${(100 * share).toFixed(1)} %, ` +
      `${share < limit ? "UNDER" : "within"} the limit of ${100 * limit} %; ${seconds.toFixed(0)} s`,
  );
  if (share < limit) process.exitCode = 1;
}

async function isNoticed(file: string, source: string, own: readonly string[]): Promise<boolean> {
  const text = join(scratch, `${number++}.ts`);
  writeFileSync(text, source);
  const { failed } = await execa(
    process.execPath,
    [
      ...[
        "--disable-warning=ExperimentalWarning",
        "--import",
        join(import.meta.dirname, "with-mutant.ts"),
      ],
      join(repositoryRoot, "node_modules/mocha/lib/cli/cli.js"),
      ...["--no-config", "--bail", "--timeout", String(timeoutMs), "--reporter", "dot"],
      ...own.map((name) => join(tests, name)),
    ],
    {
      cwd: repositoryRoot,
      env: { MUTANT_MODULE: pathToFileURL(join(policy, file)).href, MUTANT_SOURCE: text },
      timeout: timeoutMs,
      reject: false,
      stdin: "ignore",
    },
  );
  rmSync(text);
  return failed;
}
