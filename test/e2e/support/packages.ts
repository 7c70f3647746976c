import { execa } from "execa";
import { join } from "node:path";
import { repositoryRoot } from "../../../lib/paths.ts";

/**
 * Gives a clone of the repository the packages that are installed here, as hard links: no second copy, and what a `make`
 * in the clone removes is gone only there. They count as installed after the clone's lock file was written, so `make`
 * installs nothing.
 */
export async function linkPackages(clone: string): Promise<void> {
  const installed = "node_modules/.package-lock.json";
  await execa("cp", ["--archive", "--link", join(repositoryRoot, "node_modules"), clone]);
  // A file of its own: its time is the clone's alone.
  await execa("cp", ["--remove-destination", join(repositoryRoot, installed), installed], {
    cwd: clone,
  });
}
