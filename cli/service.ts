import { compareReleases } from "../catalog/compare-releases.ts";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { execa } from "execa";
import { formatFinding } from "../catalog/finding.ts";
import { firstTag, newServiceFile, nextRemoval, type NewService } from "../catalog/new-service.ts";
import { isImageTag, sizes, type CatalogRules, type Size } from "../catalog/schema.ts";
import { parseService, readServiceFile, serviceFileOf } from "../catalog/service.ts";
import { committed } from "../config/committed.ts";
import { environments, type Environment } from "../config/environments.ts";
import { Settings, undecidedAccount } from "../config/schema.ts";
import { parseStackFile, stackFileOf } from "../config/stack-files.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { addItems, removeItems } from "../lib/yaml-edit.ts";
import { newestBuild, releasesIn } from "../promotion/newest.ts";
import type { Workspace } from "../promotion/workspace.ts";
import type { Registry } from "../promotion/registry.ts";
import { committedRules } from "./committed-rules.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

type Rules = Readonly<Record<Environment, CatalogRules>>;

/** `idp service ...`: files of a service, written and taken away. */
export function serviceCommand(): Command {
  const service = new Command("service");
  service.addCommand(newCommand());
  service.addCommand(removeCommand());
  return service;
}

interface NewOptions extends WorkspaceOptions {
  readonly port: number;
  readonly image: string;
  readonly tag?: string;
  readonly resources: Size;
  readonly publisher?: string;
  readonly json?: true;
}

function newCommand(): Command {
  return withWorkspaceOptions(new Command("new"))
    .description("write the files of a new service for the three environments")
    .argument("<service>", "its name, and so its namespace")
    .requiredOption("--port <number>", "port that the container listens on", wholeNumber)
    .requiredOption("--image <name>", "repository inside the registries, such as idp/payments")
    .option("--tag <tag>", "build that dev begins with (default: the newest in dev's registry)")
    .addOption(new Option("--resources <size>", "of one replica").choices(sizes).default("small"))
    .option("--publisher <owner/repository>", "GitHub repository that may push the image")
    .addOption(new Option("--json", "as one JSON object"))
    .action(async (name: string, { json, ...options }: NewOptions) => {
      const root = options.repository ?? repositoryRoot;
      const open = await registriesFrom({ ...options, repository: root });
      const made = await addService(root, { name, ...options }, open);
      console.log(json ? JSON.stringify(made, null, 2) : newLines(made).join("\n"));
    });
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
}

/** How to reach an environment's registry, by the host in its image names. */
type OpenRegistry = Workspace["registryOf"];

/** Where it cannot be found out where to work, every registry is one that does not answer. */
async function registriesFrom(options: WorkspaceOptions): Promise<OpenRegistry> {
  try {
    return await inWorkspace(options, ({ workspace }) => Promise.resolve(workspace.registryOf));
  } catch (error) {
    return () => Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

/** A file that was written. */
interface WrittenFile {
  readonly environment: Environment;
  readonly path: string;
  readonly tag: string;
  /** Why the tag is that of no image; undefined when it is an image's. */
  readonly missing?: string;
}

/** What `idp service new` did. */
export interface AddedService {
  readonly service: string;
  readonly image: string;
  readonly files: readonly WrittenFile[];
  /** Stack files that got the publisher. */
  readonly stackFiles: readonly string[];
  readonly next: readonly string[];
}

/**
 * Writes the files of a service into the environments that have none of it.
 * @throws Error with the findings of a file that would not be valid; nothing is written then
 */
export async function addService(
  root: string,
  wanted: NewService & Pick<NewOptions, "tag" | "publisher">,
  open: OpenRegistry,
): Promise<AddedService> {
  const { name, image, publisher } = wanted;
  if (wanted.tag !== undefined && !isImageTag(wanted.tag)) {
    throw new Error(`--tag ${wanted.tag}: must be sha-<7 hex digits>, the tag of a build.`);
  }
  const rules = committedRules(root);
  const absent = environments.filter(
    (environment) => !existsSync(join(root, serviceFileOf(environment, name))),
  );
  // Before a registry is asked: what is wrong with the words is wrong whatever the registries say.
  for (const environment of absent) {
    refuseInvalid(rules, environment, wanted, firstTag[rules[environment].strategy]);
  }
  const tags = absent.length > 0 ? await findTags(rules, wanted, open) : undefined;
  const files = absent.map((environment) => {
    const found: FoundTag = tags?.[environment] ?? { missing: "nobody looked" };
    const tag = "tag" in found ? found.tag : firstTag[rules[environment].strategy];
    const { path, text } = refuseInvalid(rules, environment, wanted, tag);
    return {
      environment,
      path,
      text,
      tag,
      missing: "missing" in found ? found.missing : undefined,
    };
  });
  for (const { path, text } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const stackFiles = publisher === undefined ? [] : addPublisher(root, publisher, image);
  const written = files.map(({ environment, path, tag, missing }): WrittenFile => ({
    environment,
    path,
    tag,
    ...(missing !== undefined && { missing }),
  }));
  return { service: name, image, files: written, stackFiles, next: nextSteps(root, wanted) };
}

function refuseInvalid(rules: Rules, environment: Environment, wanted: NewService, tag: string) {
  const made = newServiceFile(environment, rules[environment], wanted, tag);
  const { findings } = parseService(made.path, made.text, rules[environment]);
  if (findings.length > 0) {
    throw new Error(
      `The file of ${wanted.name} would not be valid:\n${findings.map(formatFinding).join("\n")}\nNothing was written.`,
    );
  }
  return made;
}

/** The tag that an environment begins with, or why it has none. */
type FoundTag = { readonly tag: string } | { readonly missing: string };

async function findTags(
  rules: Rules,
  { image, tag }: Pick<NewService, "image"> & Pick<NewOptions, "tag">,
  open: OpenRegistry,
): Promise<Record<Environment, FoundTag>> {
  const look = async (
    environment: Environment,
    pick: (registry: Registry) => Promise<string | undefined>,
  ): Promise<FoundTag> => {
    const { registryHost } = rules[environment];
    if (registryHost.startsWith(`${undecidedAccount}.`)) {
      return { missing: `the account of ${environment} is not decided` };
    }
    try {
      const found = await pick(await open(environment, registryHost));
      return found === undefined
        ? { missing: `${environment}'s registry has no image of it` }
        : { tag: found };
    } catch (error) {
      return { missing: `${environment}'s registry does not answer: ${firstLine(error)}` };
    }
  };
  const dev =
    tag === undefined ? await look("dev", (registry) => newestBuild(registry, image)) : { tag };
  const staging = await look("staging", (registry) => highestRelease(registry, image));
  // Prod runs nothing that staging has not run.
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
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

const Publisher = Settings.shape.github.shape.publishers.element;

function publishersOf(environment: Environment, text: string) {
  return committed(parseStackFile(environment, text)).github.publishers ?? [];
}

/** Names who may push the image in every stack file that names nobody yet; gives the files that changed. */
function addPublisher(root: string, repository: string, image: string): string[] {
  return environments
    .filter((environment) =>
      rewrite(join(root, stackFileOf(environment)), (text) =>
        publishersOf(environment, text).some((publisher) => publisher.image === image)
          ? text
          : addItems(text, ["config", "idp:github", "publishers"], [{ repository, image }]),
      ),
    )
    .map(stackFileOf);
}

/** Whether the file has another text afterwards. */
function rewrite(file: string, edit: (text: string) => string): boolean {
  const before = readFileSync(file, "utf8");
  const after = edit(before);
  if (after === before) return false;
  writeFileSync(file, after);
  return true;
}

function nextSteps(root: string, { name, image }: NewService): string[] {
  const isPublished = environments.every((environment) =>
    publishersOf(environment, readFileSync(join(root, stackFileOf(environment)), "utf8")).some(
      (publisher) => publisher.image === image,
    ),
  );
  return [
    "npx idp check, then make golden: it shows what each account will get. Commit all of it",
    ...(isPublished
      ? []
      : [
          `Nobody may push ${image} yet: npx idp service new again with --publisher <owner>/<repository>`,
        ]),
    `After the merge the provision workflows (or pulumi up) make ${image} in each account's registry`,
    "Push the first build, with service-build.yml of this repository: dev takes it by itself",
    `npx idp release ${name} v1.0.0: staging takes it by itself, prod by pull request`,
  ];
}

function newLines({ service, image, files, stackFiles, next }: AddedService): string[] {
  if (files.length === 0 && stackFiles.length === 0) {
    return [`${service} is in every environment already: nothing was changed`];
  }
  return [
    ...files.map(({ path, tag, missing }) =>
      missing === undefined
        ? `wrote ${path}: ${image}:${tag}`
        : `wrote ${path}: ${tag} stands for no image yet (${missing})`,
    ),
    ...stackFiles.map((file) => `wrote ${file}: who may push ${image}`),
    "",
    ...numbered(next),
  ];
}

function numbered(steps: readonly string[]): string[] {
  return ["What to do next:", ...steps.map((step, index) => `  ${index + 1}. ${step}`)];
}

function removeCommand(): Command {
  return new Command("remove")
    .description("take a service out of the next environment: prod, then staging, then dev")
    .argument("<service>", "name of the service")
    .option("--repository <folder>", "clone to work in, instead of this one")
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      "\nOne environment a run, and only files: commit each step and let it take effect before the next.",
    )
    .action(async (name: string, { repository, json }: { repository?: string; json?: true }) => {
      const removed = await removeService(repository ?? repositoryRoot, name);
      console.log(json ? JSON.stringify(removed, null, 2) : removedLines(removed).join("\n"));
    });
}

/** What `idp service remove` did. */
export interface RemovedService {
  readonly service: string;
  readonly environment: Environment;
  readonly path: string;
  /** Whether who may push its image was taken out of the environment's stack file. */
  readonly publisherRemoved: boolean;
  readonly next: readonly string[];
}

/**
 * Takes the service's file out of the last environment that has it, and its publisher with it unless another service
 * there uses the image.
 * @throws Error when it is nowhere, or what is to go or has gone is not committed
 */
export async function removeService(root: string, service: string): Promise<RemovedService> {
  const fileOf = (environment: Environment) => join(root, serviceFileOf(environment, service));
  const next = nextRemoval(service, (environment) => existsSync(fileOf(environment)));
  const paths = environments.map((environment) => serviceFileOf(environment, service));
  const { stdout } = await execa("git", ["status", "--porcelain", "--", ...paths], { cwd: root });
  if (stdout !== "") {
    throw new Error(
      `Not committed yet:\n${stdout}\nNothing was changed. Fix: commit it, let it take effect, then run the command again; or give it up: git checkout HEAD -- <file>`,
    );
  }
  if (!next) {
    throw new Error(
      `No environment has a file of ${service}.\nNothing was changed. Fix: ls ${dirname(serviceFileOf("dev", service))} names the services of dev`,
    );
  }
  const { environment, path, remaining } = next;
  const image = readServiceFile(readFileSync(fileOf(environment), "utf8"))?.image.repository;
  rmSync(fileOf(environment));
  const isShared = image !== undefined && (await imagesOf(root, environment)).includes(image);
  const publisherRemoved =
    image !== undefined &&
    !isShared &&
    rewrite(join(root, stackFileOf(environment)), (text) =>
      removeItems(text, ["config", "idp:github", "publishers"], (item) =>
        image.endsWith(`/${Publisher.parse(item).image}`),
      ),
    );
  return {
    service,
    environment,
    path,
    publisherRemoved,
    next: stepsAfter(service, environment, remaining),
  };
}

/** The images that the environment's files name. */
async function imagesOf(root: string, environment: Environment): Promise<string[]> {
  const folder = dirname(serviceFileOf(environment, "any"));
  const { stdout } = await execa("git", ["ls-files", "--", folder], { cwd: root });
  return stdout
    .split("\n")
    .filter((path) => path !== "" && existsSync(join(root, path)))
    .flatMap(
      (path) => readServiceFile(readFileSync(join(root, path), "utf8"))?.image.repository ?? [],
    );
}

const leaves: Readonly<Record<Environment, string>> = {
  dev: "Argo CD deletes it in dev after the merge",
  staging: "Argo CD deletes it in staging after the merge",
  prod: "In prod it goes on running: kubectl -n argocd delete application <service>, in prod's cluster",
};

function stepsAfter(
  service: string,
  environment: Environment,
  remaining: readonly Environment[],
): string[] {
  return [
    "npx idp check, make golden, commit, merge",
    leaves[environment].replace("<service>", service),
    `kubectl delete namespace ${service}, in ${environment}'s cluster`,
    `pulumi up -s ${environment} deletes the image's repository, its images and its publisher's role, unless another service uses it; prod's must be emptied before`,
    remaining.length > 0
      ? `npx idp service remove ${service}, for ${remaining.join(", then ")}`
      : `Nothing of ${service} is left in this repository`,
  ];
}

function removedLines(removed: RemovedService): string[] {
  const { environment, path, publisherRemoved, next } = removed;
  return [
    `deleted ${path}`,
    ...(publisherRemoved
      ? [`wrote ${stackFileOf(environment)}: nobody may push its image any more`]
      : []),
    "",
    ...numbered(next),
  ];
}
