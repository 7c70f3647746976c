import { dirname } from "node:path/posix";
import {
  applicationsFolder,
  environments,
  serviceFileEnding,
  type Environment,
} from "./environments.ts";
import { initialiseStack } from "./initialise-stack.ts";
import { branchReplacer } from "./replace-branch.ts";
import { ownerReplacer } from "./replace-owner.ts";
import type { RepositoryFacts } from "./repository-facts.ts";
import { registryHost } from "./schema.ts";
import { stackFileOf } from "./stack-files.ts";

const ecrHost = /\b\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?(?=\/)/g;

/** Whether a path is a stack file or a service file: what {@link initialise} changes for the twin. */
export function namesFacts(path: string): boolean {
  return stackOf(path) !== undefined || environmentOfService(path) !== undefined;
}

/**
 * Puts a repository's facts into its stack files and service files, its branch into the workflows and, with `facts.github`, into every other file that
 * names the old owner's repositories. Nothing else changes: comments, order and line breaks stay, and a file that cannot
 * be read stays as it is (its own checks report it).
 *
 * @param files text by path, relative to the repository's root with `/`
 * @returns the files that change, with their new text
 */
export function initialise(
  files: ReadonlyMap<string, string>,
  facts: RepositoryFacts,
): Map<string, string> {
  const elsewhere = ownerReplacer(files, facts);
  const onBranch = branchReplacer(facts.branch);
  const changed = new Map<string, string>();
  for (const [path, text] of files) {
    const stack = stackOf(path);
    const service = environmentOfService(path);
    const next =
      stack !== undefined
        ? initialiseStack(text, stack, facts)
        : service !== undefined
          ? text.replace(ecrHost, registryHost(facts.accounts[service]))
          : elsewhere(onBranch(path, text));
    if (next !== text) changed.set(path, next);
  }
  return changed;
}

function stackOf(path: string): Environment | undefined {
  return environments.find((environment) => path === stackFileOf(environment));
}

function environmentOfService(path: string): Environment | undefined {
  const folder = dirname(path);
  return path.endsWith(serviceFileEnding)
    ? environments.find((environment) => folder === applicationsFolder(environment))
    : undefined;
}
