import { stringify } from "yaml";
import { environments, type Environment } from "../config/environments.ts";
import type { CatalogRules, ImageStrategy, Size } from "./schema.ts";
import { serviceFileOf } from "./service.ts";

/** What a person decides about a new service; everything else can be added to its files later. */
export interface NewService {
  readonly name: string;
  /** Repository inside the registries, such as `idp/payments`. */
  readonly image: string;
  readonly port: number;
  readonly resources: Size;
}

/**
 * The tag of a service that has no image yet. The file comes first, because the image's repository is made from it, and
 * nothing can be pushed before. No real build or release has this tag; the first one replaces it.
 */
export const firstTag: Readonly<Record<ImageStrategy, string>> = {
  "newest-build": "sha-0000000",
  semver: "v0.0.0",
  pinned: "v0.0.0",
};

/** Returns whether a tag means "no image yet". */
export function isFirstTag(tag: string): boolean {
  return Object.values(firstTag).includes(tag);
}

/** Replicas of a new service. Prod's survive the loss of a zone. */
const firstReplicas: Readonly<Record<Environment, number>> = { dev: 1, staging: 2, prod: 3 };

/** Returns the path and text of a new service's file in one environment. */
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

/** The next environment that a service leaves, and those that still have it. */
export interface NextRemoval {
  readonly environment: Environment;
  readonly path: string;
  /** The environments that still have it after this one, in the order of removal. */
  readonly remaining: readonly Environment[];
}

/**
 * Returns the environment to remove a service from next; undefined when none has it. The last environment goes first:
 * whatever still runs has then always passed through the environments before its own.
 *
 * @param has tells whether an environment has the service's file
 */
export function nextRemoval(
  service: string,
  has: (environment: Environment) => boolean,
): NextRemoval | undefined {
  const [environment, ...remaining] = environments.filter(has).reverse();
  return environment && { environment, path: serviceFileOf(environment, service), remaining };
}
