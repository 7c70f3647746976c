import { readServiceFile } from "../catalog/service.ts";
import type { Environment } from "../config/environments.ts";
import { isPinned, type Snapshot } from "./workspace.ts";
import type { Edit, Repository } from "./repository.ts";

/** A service file as it is now, and by what it became so. */
export interface Published {
  readonly service: string;
  readonly environment: Environment;
  /** Tag before. */
  readonly before: string;
  /** Tag now. */
  readonly tag: string;
  /** Why no update is written now; null: updates go on. */
  readonly hold: string | null;
  /** The commit that says so; null when the file said so already. */
  readonly commit: string | null;
  /** The branch that waits to be merged; null when the commit is on the branch that Argo CD watches. */
  readonly branch: string | null;
}

/**
 * Publishes one change of a service file: a commit on the branch that Argo CD watches, or, where images change by pull
 * request only, a branch of its own.
 *
 * @param branch name of that branch
 */
export async function publish(
  repository: Repository,
  now: Snapshot,
  { service, environment }: { readonly service: string; readonly environment: Environment },
  branch: string,
  edit: Edit,
): Promise<Published> {
  const byRequest = isPinned(now, environment);
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
