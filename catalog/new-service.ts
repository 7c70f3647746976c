import { stringify } from "yaml";
import { environments, type Environment } from "../config/environments.ts";
import type { CatalogRules, ImageStrategy, Size } from "./schema.ts";
import { serviceFileOf } from "./service.ts";

/** What a person decides when a service is new; everything else can be written into its files later. */
export interface NewService {
  readonly name: string;
  /** Repository inside the registries, such as `idp/payments`. */
  readonly image: string;
  readonly port: number;
  readonly resources: Size;
}

/**
 * The tag of a service that has no image yet. The file comes first: the repository of a new image is made from it, so
 * nothing can have been pushed. No commit and no release is ever tagged so, and the first that is replaces it.
 */
export const firstTag: Readonly<Record<ImageStrategy, string>> = {
  "newest-build": "sha-0000000",
  semver: "v0.0.0",
  pinned: "v0.0.0",
};

/** Whether a tag stands for "no image yet". */
export function isFirstTag(tag: string): boolean {
  return Object.values(firstTag).includes(tag);
}

/** Replicas of a new service: prod's survive a zone. */
const firstReplicas: Readonly<Record<Environment, number>> = { dev: 1, staging: 2, prod: 3 };

/** The file of a new service in one environment. */
export function newServiceFile(
  environment: Environment,
  { registryHost }: Pick<CatalogRules, "registryHost">,
  { name, image, port, resources }: NewService,
  tag: string,
): { readonly path: string; readonly text: string } {
  const content = {
    image: { repository: `${registryHost}/${image}`, tag },
    port,
    resources,
    replicas: firstReplicas[environment],
  };
  return {
    path: serviceFileOf(environment, name),
    text: `# What ${name} runs with in ${environment}. Every key: docs/services.md\n${stringify(content, { lineWidth: 0 })}`,
  };
}

/** The next environment that a service leaves, and what it leaves behind. */
export interface NextRemoval {
  readonly environment: Environment;
  readonly path: string;
  /** The environments that still have it after this one, the next first. */
  readonly remaining: readonly Environment[];
}

/**
 * Where a service is taken out next: from the last environment to the first, so that at every moment whatever runs has
 * passed through the environments before its own. Undefined when it is nowhere.
 *
 * @param has whether the environment has a file of the service
 */
export function nextRemoval(
  service: string,
  has: (environment: Environment) => boolean,
): NextRemoval | undefined {
  const [environment, ...remaining] = environments.filter(has).reverse();
  return environment && { environment, path: serviceFileOf(environment, service), remaining };
}
