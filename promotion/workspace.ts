import { committed, committedRegistryHost } from "../config/committed.ts";
import { environments, type Environment } from "../config/environments.ts";
import { undecidedAccount } from "../config/schema.ts";
import { parseStackFile, stackFileOf, stackFilesIn } from "../config/stack-files.ts";
import type { Registry } from "./registry.ts";
import type { Repository } from "./repository.ts";
import { isServiceFile, servicesIn, type NamedService } from "./services.ts";

/** Where promotion works: the repository, and each environment's registry. */
export interface Workspace {
  readonly repository: Repository;
  /** Opens an environment's registry. @param host the host in its image names */
  readonly registryOf: (environment: Environment, host: string) => Promise<Registry>;
}

/** The platform's files in one commit. */
export interface Snapshot {
  readonly commit: string;
  /** Service files and stack files: text by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly services: readonly NamedService[];
}

/** Returns the platform's files on the remote now. */
export async function snapshot(repository: Repository): Promise<Snapshot> {
  const commit = await repository.fetch();
  const stackFiles = environments.map(stackFileOf);
  const files = await repository.files(
    commit,
    (path) => isServiceFile(path) || stackFiles.includes(path),
  );
  return { commit, files, services: servicesIn(files) };
}

/** Returns whether an environment's images change by pull request only, as its settings say. */
export function isPinned({ files }: Snapshot, environment: Environment): boolean {
  const text = files.get(stackFileOf(environment));
  return (
    text !== undefined && committed(parseStackFile(environment, text)).images.strategy === "pinned"
  );
}

/**
 * Returns an environment's registry, by the account in its committed stack file.
 * @throws Error when the account is not decided, or its registry cannot be reached
 */
export async function registryOf(
  { registryOf: open }: Workspace,
  { files }: Snapshot,
  environment: Environment,
): Promise<Registry> {
  const host = committedRegistryHost(stackFilesIn(files), environment);
  if (host.startsWith(`${undecidedAccount}.`)) {
    throw new Error(
      `The account of ${environment} is not decided: ${stackFileOf(environment)} has idp:aws.accountId "${undecidedAccount}".\nNothing was changed. Fix: write the account's number there and in the image hosts of its service files; on the twin: --twin`,
    );
  }
  return open(environment, host);
}
