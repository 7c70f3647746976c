import { tableLines } from "../../lib/table.ts";
import { execa } from "execa";
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { twinEnvironment } from "../../twin/state/environment.ts";
import { repositoryRoot } from "../../lib/paths.ts";
import { binaryPath, sharePath } from "../../twin/toolchain/locate.ts";
import { requireTwin, settingsFile } from "../../twin/state/twin.ts";

/** Every number is the median of this many runs. */
const runs = 5;

interface Subject {
  readonly name: string;
  readonly folder: string;
  readonly stack: string;
  readonly args: readonly string[];
  /** Against what is deployed in the twin; else against nothing, as at the first preview of a new account. */
  readonly isDeployed: boolean;
}

const prod = {
  folder: repositoryRoot,
  stack: "prod",
  args: ["--config-file", settingsFile("prod")],
};
const subjects = {
  empty: {
    name: "an empty program",
    folder: join(import.meta.dirname, "empty"),
    stack: "bench",
    args: [],
    isDeployed: false,
  },
  least: {
    name: "the least program: Vpc, Cluster, ConfigFile",
    folder: join(import.meta.dirname, "least"),
    stack: "bench",
    args: [],
    isDeployed: false,
  },
  fresh: { name: "prod, nothing deployed yet", ...prod, isDeployed: false },
  deployed: { name: "prod, as deployed in the twin", ...prod, isDeployed: true },
  policed: {
    name: "the same, with the policy pack",
    ...prod,
    args: [...prod.args, "--policy-pack", join(repositoryRoot, "policy")],
    isDeployed: true,
  },
} as const satisfies Record<string, Subject>;
type SubjectName = keyof typeof subjects;
const allNames = Object.keys(subjects) as SubjectName[];
/** Those that the command line names, such as `deployed policed`; else all. */
const words = process.argv.slice(2);
const names = allNames.filter((name) => words.length === 0 || words.includes(name));

/** What a median may be at most: in seconds, or as a multiple of another. */
const limits: readonly {
  readonly what: string;
  readonly of: SubjectName;
  readonly to?: SubjectName;
  readonly limit: number;
}[] = [
  { what: "an empty program", of: "empty", limit: 2.5 },
  { what: "prod to the least program, nothing deployed", of: "fresh", to: "least", limit: 1.2 },
  { what: "prod with the policy pack to prod without", of: "policed", to: "deployed", limit: 1.2 },
];

requireTwin();
const pulumi = binaryPath("pulumi");
const scratch = mkdtempSync(join(tmpdir(), "idp-bench-"));
try {
  await main();
} finally {
  rmSync(scratch, { recursive: true });
}

async function main(): Promise<void> {
  mkdirSync(join(scratch, "backend"));
  for (const name of names) if (!subjects[name].isDeployed) await initialise(subjects[name]);
  const times = new Map(names.map((name) => [name, [] as number[]]));
  // Taken in turns, so that a slow minute of the machine meets all of them. The first round warms caches up.
  for (let round = 0; round <= runs; round++) {
    for (const name of names) {
      const seconds = await preview(subjects[name]);
      console.log(
        `${round === 0 ? "warm-up" : `run ${round}`}  ${subjects[name].name}: ${seconds.toFixed(1)} s`,
      );
      if (round > 0) times.get(name)?.push(seconds);
    }
  }
  const medianOf = (name: SubjectName) => median(times.get(name) ?? []);
  const least = medianOf("least");
  const rows = names.map((name) => [
    subjects[name].name,
    `${medianOf(name).toFixed(2)} s`,
    least > 0 ? (medianOf(name) / least).toFixed(2) : "-",
  ]);
  console.log("");
  for (const line of tableLines([["PULUMI PREVIEW OF", "MEDIAN", "TO THE LEAST"], ...rows])) {
    console.log(line);
  }
  console.log("");
  for (const { what, of, to, limit } of limits) {
    if ([of, ...(to ? [to] : [])].some((name) => !names.includes(name))) continue;
    judge(what, to ? medianOf(of) / medianOf(to) : medianOf(of), limit, to ? "" : "s");
  }
}

function judge(what: string, value: number, limit: number, unit: string): void {
  const verdict = value <= limit ? "within" : "OVER";
  console.log(
    `${what}: ${value.toFixed(2)} ${unit}`.trimEnd() +
      `, ${verdict} the limit of ${limit} ${unit}`.trimEnd(),
  );
}

async function initialise(subject: Subject): Promise<void> {
  // The salt goes beside a project file: for the platform's own program not into the clone.
  const folder = join(scratch, subject.name);
  mkdirSync(folder);
  await execa("cp", [join(subject.folder, "Pulumi.yaml"), folder]);
  await execa(pulumi, ["stack", "init", subject.stack, "--no-select", "--non-interactive"], {
    cwd: folder,
    env: environment(subject),
    extendEnv: false,
  });
}

async function preview(subject: Subject): Promise<number> {
  // A settings file without a salt is no trouble: the stack in the backend knows how its secrets are kept.
  const config =
    subject.args.length > 0
      ? subject.args
      : ["--config-file", join(scratch, subject.name, "Pulumi.bench.yaml")];
  const start = performance.now();
  await execa(
    pulumi,
    [
      "preview",
      "--stack",
      subject.stack,
      ...config,
      "--non-interactive",
      "--color",
      "never",
      "--suppress-outputs",
    ],
    { cwd: subject.folder, env: environment(subject), extendEnv: false, stdin: "ignore" },
  );
  return (performance.now() - start) / 1000;
}

function environment(subject: Subject): Record<string, string> {
  return {
    ...twinEnvironment(),
    ...(!subject.isDeployed && { PULUMI_BACKEND_URL: `file://${join(scratch, "backend")}` }),
    ARGOCD_MANIFEST: sharePath("argocd", "ha/install.yaml"),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
