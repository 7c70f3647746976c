import { readServiceFile } from "../catalog/service.ts";
import type { Environment } from "../config/environments.ts";
import type { Edit, Repository } from "./repository.ts";
import { isPinned, type Snapshot } from "./workspace.ts";

/** A service file's present state, and the change that led to it. */
export interface Published {
  readonly service: string;
  readonly environment: Environment;
  /** The tag before the change. */
  readonly before: string;
  /** The tag now. */
  readonly tag: string;
  /** Why updates are held; null while they go on. */
  readonly hold: string | null;
  /** The commit with the change; null when the file needed none. */
  readonly commit: string | null;
  /** The branch to merge; null when the commit is on the branch that Argo CD watches. */
  readonly branch: string | null;
}

/** A change of a service file: a commit's, of a file that is there. */
export interface FileEdit extends Pick<Edit, "path" | "message" | "trailer"> {
  /** Returns the file's new text, which has been read again; the same text makes no commit. */
  readonly edit: (text: string) => string;
}

/** What to say when a file is no longer what a command looked at. */
export function changedMeanwhile(path: string): Error {
  return new Error(
    `${path} was changed in the meantime.\nNothing was changed. Fix: run the command again`,
  );
}

/**
 * Publishes one change of a service file as a commit on the branch that Argo CD watches. Where images change by pull
 * request only, it pushes a separate branch.
 *
 * @param branch name of the separate branch
 */
export async function publish(
  repository: Repository,
  now: Snapshot,
  { service, environment }: { readonly service: string; readonly environment: Environment },
  branch: string,
  { path, edit: change, message, trailer }: FileEdit,
): Promise<Published> {
  const byRequest = isPinned(now, environment);
  const edit: Edit = {
    path,
    message,
    ...(trailer !== undefined && { trailer }),
    edit: (text) => {
      if (text === undefined) throw changedMeanwhile(path);
      return change(text);
    },
  };
  const made = await (byRequest
    ? repository.commitToBranch(branch, edit)
    : repository.commit(edit));
  const after = readServiceFile(made.after);
  const tag = after?.tag ?? "";
  return {
    service,
    environment,
    before: readServiceFile(made.before)?.tag ?? tag,
    tag,
    hold: after?.hold?.reason ?? null,
    commit: made.commit ?? null,
    branch: byRequest && made.commit !== undefined ? branch : null,
  };
}
