import { execa } from "execa";
import type { Environment } from "../../config/environments.ts";
import { inScratchFolder } from "../../lib/scratch-folder.ts";
import { gitMessage } from "../../promotion/git.ts";
import type { Workspace } from "../../promotion/workspace.ts";
import { Repository } from "../../promotion/repository.ts";
import { repositoryUrl, twinRegistry, type Twin } from "../state/twin.ts";

/** Returns the workspace in which promotion works on the twin, through a clone of its repository. */
export async function twinWorkspace(twin: Twin, clone: string): Promise<Workspace> {
  return {
    repository: await Repository.open(clone),
    registryOf: (environment: Environment) => Promise.resolve(twinRegistry(twin, environment)),
  };
}

/** Runs `work` in a {@link twinWorkspace} with a temporary clone. */
export async function inTwinWorkspace<T>(
  twin: Twin,
  work: (workspace: Workspace, clone: string) => Promise<T>,
): Promise<T> {
  const url = repositoryUrl(twin);
  return inScratchFolder("clone", async (clone) => {
    await execa("git", ["clone", "--quiet", "--bare", url, clone]).catch((error: unknown) => {
      throw new Error(
        `Cloning ${url} from the twin's git server failed:\n${gitMessage(error)}\nNothing was changed. Fix: idp twin up`,
        { cause: error },
      );
    });
    return work(await twinWorkspace(twin, clone), clone);
  });
}
