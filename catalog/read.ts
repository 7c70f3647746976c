import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { applicationsFolder, serviceFileEnding, type Environment } from "../config/environments.ts";
import { CatalogError, finding, type Finding } from "./finding.ts";
import { imageUpdateFindings } from "./image-updates.ts";
import type { CatalogRules } from "./schema.ts";
import { nameOf, parseService, type Service } from "./service.ts";

/** The services of one environment. */
export interface Catalog {
  readonly environment: Environment;
  /** Sorted by name. */
  readonly services: readonly Service[];
}

/** The valid part of a catalog, and everything that is wrong with the rest. */
export interface ReadCatalog extends Catalog {
  readonly findings: readonly Finding[];
  /** What is valid and should be written otherwise. */
  readonly warnings: readonly Finding[];
}

/** One entry of an environment's folder. */
export interface Entry {
  readonly name: string;
  /** Undefined for anything that is not a regular file. */
  readonly text: string | undefined;
}

/**
 * Returns the services of one environment.
 *
 * @param root the repository's root
 * @throws CatalogError with every finding, if there are any
 */
export async function readCatalog(
  root: string,
  environment: Environment,
  rules: CatalogRules,
): Promise<Catalog> {
  const { services, findings } = await inspectCatalog(root, environment, rules);
  if (findings.length > 0) throw new CatalogError(applicationsFolder(environment), findings);
  return { environment, services };
}

/**
 * Returns the valid services of an environment together with the findings, where {@link readCatalog} would throw.
 * @param rules undefined where the settings that they come from are not valid: what depends on them is not looked at
 */
export async function inspectCatalog(
  root: string,
  environment: Environment,
  rules: CatalogRules | undefined,
): Promise<ReadCatalog> {
  const folder = applicationsFolder(environment);
  const entries = await readEntries(join(root, folder));
  return entries
    ? catalogOf(entries, environment, rules)
    : { environment, services: [], findings: [missingFolder(folder)], warnings: [] };
}

/** Returns the image repositories that a catalog uses, each once, sorted: those that the registry must have. */
export function imageNames({ services }: Catalog): string[] {
  return [...new Set(services.map(({ image }) => image.name))].sort();
}

/**
 * Returns all that the program reads of a catalog: the services' names and images, without tags. A change of anything else
 * in a service file is Argo CD's, and makes no difference to `pulumi up`.
 */
export function programReads({ services }: Catalog) {
  return services.map(({ name, image }) => ({ name, image: image.name }));
}

/** Undefined when there is no such folder. */
async function readEntries(folder: string): Promise<Entry[] | undefined> {
  try {
    const found = await readdir(folder, { withFileTypes: true });
    return await Promise.all(
      found.map(async (entry) => ({
        name: entry.name,
        text: entry.isFile() ? await readFile(join(folder, entry.name), "utf8") : undefined,
      })),
    );
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Returns the catalog made from a folder's entries. */
export function catalogOf(
  entries: readonly Entry[],
  environment: Environment,
  rules: CatalogRules | undefined,
): ReadCatalog {
  const folder = applicationsFolder(environment);
  // Git does not keep empty folders, therefore an environment without services has a .gitkeep.
  const ordered = entries
    .filter(({ name }) => name !== ".gitkeep")
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const services: Service[] = [];
  const findings: Finding[] = [];
  const warnings: Finding[] = [];
  const seen = new Map<string, string>();
  for (const { name, text } of ordered) {
    const file = `${folder}/${name}`;
    const twin = seen.get(nameOf(file).toLowerCase());
    seen.set(nameOf(file).toLowerCase(), twin ?? file);
    if (text !== undefined && twin !== undefined) findings.push(duplicate(file, twin));
    else if (text === undefined || !name.endsWith(serviceFileEnding))
      findings.push(stranger(file, text !== undefined));
    else {
      const parsed = parseService(file, text, rules);
      if (parsed.service) services.push(parsed.service);
      if (parsed.service && rules && rules.strategy !== "pinned")
        warnings.push(...imageUpdateFindings(file, text));
      findings.push(...parsed.findings);
    }
  }
  return { environment, services, findings: [...findings, ...sharedHosts(services)], warnings };
}

const top = (file: string) => ({ file, line: 1, column: 1 });

function missingFolder(folder: string): Finding {
  return finding(top(folder), {
    rule: "folder",
    key: "",
    found: "no folder",
    allowed: "must exist, with a file for each service of the environment",
    fix: `mkdir -p ${folder} && touch ${folder}/.gitkeep`,
  });
}

function duplicate(file: string, twin: string): Finding {
  return finding(top(file), {
    rule: "duplicate-service",
    key: "",
    found: `a second file for the service ${nameOf(twin).toLowerCase()}`,
    allowed: `must be the only one: ${twin} exists`,
    fix: `git rm ${file}`,
  });
}

function stranger(file: string, isFile: boolean): Finding {
  const wanted = file.replace(/\.[^./]*$/, "") + serviceFileEnding;
  return finding(top(file), {
    rule: "stray-file",
    key: "",
    found: isFile ? "a file with another ending" : "something that is not a regular file",
    allowed: `must hold only files named <service>${serviceFileEnding}: Argo CD ignores all others`,
    fix: isFile ? `git mv ${file} ${wanted}` : `git mv it out of the folder, or git rm -r ${file}`,
  });
}

/** Each service has its own load balancer, therefore a host name can belong to only one service. */
function sharedHosts(services: readonly Service[]): Finding[] {
  const owner = new Map<string, Service>();
  return services.flatMap((service) => {
    const host = service.ingress?.host;
    if (host === undefined) return [];
    const first = owner.get(host);
    if (!first) {
      owner.set(host, service);
      return [];
    }
    return finding(top(service.file), {
      rule: "ingress-host",
      key: "ingress.host",
      found: host,
      allowed: `must belong to one service only: ${first.file} has it`,
      fix: "give each service its own host name",
    });
  });
}
