import { Command, InvalidArgumentError, Option } from "commander";
import { sizes, type Size } from "../catalog/schema.ts";
import { stackFileOf } from "../config/stack-files.ts";
import { readSubject } from "../github/subject.ts";
import { asking, type Ask } from "../lib/ask.ts";
import { repositoryRoot } from "../lib/paths.ts";
import { addService, type AddedService, type OpenRegistry } from "../promotion/add-service.ts";
import { removeService, type RemovedService } from "../promotion/remove-service.ts";
import { inWorkspace, withWorkspaceOptions, type WorkspaceOptions } from "./workspace.ts";

/** `idp service ...`: writes or removes the files of a service. */
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
    .argument("<service>", "its name, which is also its namespace")
    .requiredOption("--port <number>", "port that the container listens on", wholeNumber)
    .requiredOption("--image <name>", "repository inside the registries, such as idp/payments")
    .option("--tag <tag>", "build that dev starts with (default: the newest in dev's registry)")
    .addOption(new Option("--resources <size>", "of one replica").choices(sizes).default("small"))
    .option(
      "--publisher <owner/repository>",
      "GitHub repository that may push the image, with ids where its tokens have them (default of those: what gh says)",
    )
    .addOption(new Option("--json", "as one JSON object"))
    .action(async (name: string, { json, ...options }: NewOptions) => {
      const root = options.repository ?? repositoryRoot;
      const open = await registriesFrom({ ...options, repository: root });
      const publisher = options.publisher && (await asTokensName(options.publisher));
      const made = await addService(root, { name, ...options, publisher }, open);
      console.log(json ? JSON.stringify(made, null, 2) : newLines(made).join("\n"));
    });
}

/**
 * Returns a repository as GitHub says that its tokens name it, in its case and with its ids. What has ids already, and what
 * GitHub does not tell, stays as it is.
 */
export async function asTokensName(
  repository: string,
  gh: Ask = asking(process.env),
): Promise<string> {
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) return repository;
  const answer = await readSubject(gh, repository);
  return answer.kind === "read" && answer.value.kind === "default"
    ? answer.value.repository
    : repository;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
}

/** If it cannot be determined where to work, every registry counts as one that does not answer. */
async function registriesFrom(options: WorkspaceOptions): Promise<OpenRegistry> {
  try {
    return await inWorkspace(options, ({ workspace }) => Promise.resolve(workspace.registryOf));
  } catch (error) {
    return () => Promise.reject(error instanceof Error ? error : new Error(String(error)));
  }
}

function newLines({ service, image, files, stackFiles, next }: AddedService): string[] {
  if (files.length === 0 && stackFiles.length === 0) {
    return [`${service} is already in every environment: nothing was changed`];
  }
  return [
    ...files.map(({ path, tag, missing }) =>
      missing === undefined
        ? `wrote ${path}: ${image}:${tag}`
        : `wrote ${path}: ${tag} is a placeholder, there is no image yet (${missing})`,
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
    .description("remove a service from the next environment: prod, then staging, then dev")
    .argument("<service>", "name of the service")
    .option("--repository <folder>", "clone to work in (default: this one)")
    .addOption(new Option("--json", "as one JSON object"))
    .addHelpText(
      "after",
      "\nEach run removes one environment's files only: commit each step and let it take effect before the next.",
    )
    .action(async (name: string, { repository, json }: { repository?: string; json?: true }) => {
      const removed = await removeService(repository ?? repositoryRoot, name);
      console.log(json ? JSON.stringify(removed, null, 2) : removedLines(removed).join("\n"));
    });
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
