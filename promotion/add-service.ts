import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { committedRules } from "../catalog/committed-rules.ts";
import { compareReleases } from "../catalog/compare-releases.ts";
import { formatFinding } from "../catalog/finding.ts";
import { firstTag, newServiceFile, type NewService } from "../catalog/new-service.ts";
import { isImageTag, type CatalogRules } from "../catalog/schema.ts";
import { parseService, serviceFileOf, type Service } from "../catalog/service.ts";
import { environments, type Environment } from "../config/environments.ts";
import {
  addPublisher,
  hasPublisher,
  publisherProblem,
  withPublisher,
} from "../config/publishers.ts";
import { undecidedAccount } from "../config/schema.ts";
import { stackFileOf } from "../config/stack-files.ts";
import { messageOf } from "../lib/message-of.ts";
import { UsageError } from "../lib/usage-error.ts";
import { changeClone } from "./change-clone.ts";
import { newestBuild, releasesIn } from "./newest.ts";
import type { Registry } from "./registry.ts";
import type { Workspace } from "./workspace.ts";

type Rules = Readonly<Record<Environment, CatalogRules>>;

/** Opens an environment's registry by the host in its image names. */
export type OpenRegistry = Workspace["registryOf"];

/** A file that was written. */
interface WrittenFile {
  readonly environment: Environment;
  readonly path: string;
  readonly tag: string;
  /** Why the tag does not stand for an image; undefined when it does. */
  readonly missing?: string;
}

/** A service to add, with an optional first build and publisher. */
export interface ServiceToAdd extends NewService {
  /** Build that dev starts with. @default the newest in dev's registry */
  readonly tag?: string | undefined;
  /** Repository on GitHub that may push the image, as its tokens name it. @default nobody is added */
  readonly publisher?: string | undefined;
}

/** The files written for a service, and what is left to do. */
export interface AddedService {
  readonly service: string;
  readonly image: string;
  readonly files: readonly WrittenFile[];
  /** Stack files that got the publisher. */
  readonly stackFiles: readonly string[];
  readonly next: readonly string[];
}

/**
 * Writes a service's files into the environments that lack it, and returns what was written and what is left to do.
 * @throws Error with the findings when a file would not be valid, or means something else when it is read again; then
 *   nothing stays written
 */
export async function addService(
  root: string,
  wanted: ServiceToAdd,
  open: OpenRegistry,
): Promise<AddedService> {
  const { name, image, publisher } = wanted;
  if (wanted.tag !== undefined && !isImageTag(wanted.tag)) {
    throw new UsageError(`--tag ${wanted.tag}: must be sha-<7 hex digits>, the tag of a build.`);
  }
  const problem = publisher === undefined ? undefined : publisherProblem(publisher);
  if (problem !== undefined) {
    throw new UsageError(`--publisher ${publisher}: ${problem}. Nothing was written.`);
  }
  const rules = committedRules(root);
  const absent = environments.filter(
    (environment) => !existsSync(join(root, serviceFileOf(environment, name))),
  );
  // Before any registry is asked: invalid arguments stay invalid whatever the registries answer.
  for (const environment of absent) {
    refuseInvalid(rules, environment, wanted, firstTag[rules[environment].strategy]);
  }
  const tags = absent.length > 0 ? await findTags(rules, wanted, open) : undefined;
  const files = absent.map((environment) => {
    const found: FoundTag = tags?.[environment] ?? { missing: "nobody looked" };
    const tag = "tag" in found ? found.tag : firstTag[rules[environment].strategy];
    const { path, text, service } = refuseInvalid(rules, environment, wanted, tag);
    return {
      environment,
      path,
      text,
      service,
      tag,
      missing: "missing" in found ? found.missing : undefined,
    };
  });
  const stackFiles = await write(root, wanted, files);
  const written = files.map(({ environment, path, tag, missing }): WrittenFile => ({
    environment,
    path,
    tag,
    ...(missing !== undefined && { missing }),
  }));
  return { service: name, image, files: written, stackFiles, next: nextSteps(root, wanted) };
}

/** A file to write, and the service that it means. */
interface MadeFile {
  readonly environment: Environment;
  readonly path: string;
  readonly text: string;
  readonly service: Service;
}

/** Writes the files, and the publisher where it is missing. @returns the stack files that changed */
async function write(
  root: string,
  { name, image, publisher }: ServiceToAdd,
  files: readonly MadeFile[],
): Promise<string[]> {
  let stackFiles: string[] = [];
  await changeClone(root, name, ({ services, settings }) => {
    for (const { path, text } of files) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    stackFiles = publisher === undefined ? [] : addPublisher(root, publisher, image);
    const wanted = { services: { ...services }, settings: { ...settings } };
    for (const { environment, service } of files) {
      wanted.services[environment] = { ...services[environment], [name]: service };
    }
    for (const environment of environments) {
      const own = settings[environment];
      if (publisher === undefined || !own || !stackFiles.includes(stackFileOf(environment)))
        continue;
      wanted.settings[environment] = withPublisher(own, publisher, image);
    }
    return wanted;
  });
  return stackFiles;
}

function refuseInvalid(rules: Rules, environment: Environment, wanted: NewService, tag: string) {
  const made = newServiceFile(environment, rules[environment], wanted, tag);
  const { service, findings } = parseService(made.path, made.text, rules[environment]);
  if (service === undefined) {
    throw new Error(
      `The file of ${wanted.name} would not be valid:\n${findings.map(formatFinding).join("\n")}\nNothing was written.`,
    );
  }
  return { ...made, service };
}

/** The tag that an environment starts with, or why it has none. */
type FoundTag = { readonly tag: string } | { readonly missing: string };

async function findTags(
  rules: Rules,
  { image, tag }: Pick<ServiceToAdd, "image" | "tag">,
  open: OpenRegistry,
): Promise<Record<Environment, FoundTag>> {
  const look = async (
    environment: Environment,
    pick: (registry: Registry) => Promise<string | undefined>,
  ): Promise<FoundTag> => {
    const { registryHost } = rules[environment];
    if (registryHost.startsWith(`${undecidedAccount}.`)) {
      return { missing: `${environment}'s account is not decided` };
    }
    try {
      const found = await pick(await open(environment, registryHost));
      return found === undefined
        ? { missing: `${environment}'s registry has no image for it` }
        : { tag: found };
    } catch (error) {
      return { missing: `${environment}'s registry does not answer: ${firstLine(error)}` };
    }
  };
  const dev =
    tag === undefined ? await look("dev", (registry) => newestBuild(registry, image)) : { tag };
  const staging = await look("staging", (registry) => highestRelease(registry, image));
  // Prod runs only what staging has run.
  const most = "tag" in staging ? staging.tag : firstTag.semver;
  const prod = await look("prod", (registry) => highestRelease(registry, image, most));
  return { dev, staging, prod };
}

async function highestRelease(
  registry: Registry,
  image: string,
  atMost?: string,
): Promise<string | undefined> {
  const releases = await releasesIn(registry, image);
  return releases
    .filter((release) => atMost === undefined || compareReleases(release, atMost) <= 0)
    .sort(compareReleases)
    .at(-1);
}

function firstLine(error: unknown): string {
  return messageOf(error).split("\n")[0] ?? "";
}

function nextSteps(root: string, { name, image }: NewService): string[] {
  const isPublished = environments.every((environment) => hasPublisher(root, environment, image));
  return [
    "npx idp check, then make golden: it shows what each account will get. Commit all of it",
    ...(isPublished
      ? []
      : [
          `Nobody may push ${image} yet: npx idp service new again with --publisher <owner>/<repository>`,
        ]),
    `After the merge the provision workflows (or pulumi up) make ${image} in each account's registry`,
    "Push the first build, with service-build.yml of this repository: dev takes it by itself. Where another tool builds it: for linux/amd64, and with SOURCE_DATE_EPOCH=$(git log -1 --format=%ct), because dev takes the newest by its date",
    `npx idp release ${name} v1.0.0: staging takes it by itself, prod by pull request`,
  ];
}
