import { removeTree } from "../lib/remove-tree.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { endLeftovers } from "./process/leftovers.ts";
import { withLock } from "./process/lock.ts";
import { listProcesses, stopAll } from "./process/processes.ts";
import type { Say } from "../lib/stages.ts";
import { twinPaths } from "./state/twin.ts";

/** `down` does not wait for another `up` or `down` that is running. */
const lockLimitMs = 2_000;

/**
 * Stops everything of the twin and deletes its directory: accounts, clusters, git, registries, stacks, logs. Built tools
 * stay in the cache. If there is no twin, that is no error. An incomplete one (after a crash) is deleted too.
 */
export async function down(say: Say): Promise<void> {
  const { state } = twinPaths();
  if (!existsSync(state)) {
    say(`there is no twin in ${state}`);
    return;
  }
  await withLock(
    join(state, "lock"),
    async () => {
      const running = listProcesses().filter((process) => process.running).length;
      say(`stopping ${running} processes`);
      // Engines and plugins first: they may start a control plane while it is being stopped.
      await endLeftovers(state);
      await stopAll();
      removeTree(state);
      say(`deleted ${state}`);
    },
    lockLimitMs,
  );
}
