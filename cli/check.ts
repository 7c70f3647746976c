import { Command, Option } from "commander";
import { z } from "zod";
import { environments, type Environment } from "../config/environments.ts";
import { committedRegistryHost, readStackFiles } from "../config/stack-files.ts";
import { acrossEnvironments } from "../catalog/across.ts";
import { formatFinding, type Finding } from "../catalog/finding.ts";
import { inspectCatalog } from "../catalog/read.ts";
import type { CatalogRules } from "../catalog/schema.ts";
import { repositoryRoot } from "../local/paths.ts";

/** `idp check`: the service files of this repository. */
export function checkCommand(): Command {
  return new Command("check")
    .addOption(new Option("--json", "as a JSON array"))
    .addHelpText(
      "after",
      "\nExit code 1 when one has an error; warnings are for a person to judge.",
    )
    .action(async ({ json }: { json?: true }) => {
      const findings = await checkRepository(repositoryRoot);
      console.log(formatFindings(findings, { json }));
      if (isFailure(findings)) process.exitCode = 1;
    });
}

/**
 * Everything that is wrong with the service files of the repository at `root`, by its committed settings: environment
 * by environment, then what the environments say of each other.
 * @throws Error naming the stack file that has no account or image strategy
 */
export async function checkRepository(root: string): Promise<Finding[]> {
  const rules = committedRules(root);
  const catalogs = await Promise.all(
    environments.map((environment) => inspectCatalog(root, environment, rules[environment])),
  );
  return [...catalogs.flatMap(({ findings }) => findings), ...acrossEnvironments(catalogs)];
}

const Strategy = z.object({
  domain: z.string().optional(),
  images: z.object({ strategy: z.enum(["newest-build", "semver", "pinned"]) }),
});

function committedRules(root: string): Record<Environment, CatalogRules> {
  const stackFiles = readStackFiles(root);
  const rulesOf = (environment: Environment): CatalogRules => {
    const own = stackFiles.find((file) => file.environment === environment);
    const parsed = Strategy.safeParse(own?.settings);
    if (!parsed.success) {
      throw new Error(
        `Pulumi.${environment}.yaml must have idp:images with a strategy:\n${z.prettifyError(parsed.error)}`,
      );
    }
    return {
      registryHost: committedRegistryHost(stackFiles, environment),
      strategy: parsed.data.images.strategy,
      domain: parsed.data.domain,
    };
  };
  return { dev: rulesOf("dev"), staging: rulesOf("staging"), prod: rulesOf("prod") };
}

/** Whether findings should stop a pull request: warnings do not. */
export function isFailure(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "error");
}

/** Findings for a person, with a closing line that counts them; or, with `json`, as a JSON array for a program. */
export function formatFindings(findings: readonly Finding[], { json = false } = {}): string {
  if (json) return JSON.stringify(findings, null, 2);
  const errors = findings.filter(({ level }) => level === "error").length;
  const total = `${count(errors, "error")}, ${count(findings.length - errors, "warning")}`;
  return [...findings.map(formatFinding), `service files: ${total}`].join("\n");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
