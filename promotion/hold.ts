import { dropHold, setHold } from "../catalog/set-hold.ts";
import { setImageTag } from "../catalog/set-image-tag.ts";
import { isBuild } from "../catalog/schema.ts";
import { readServiceFile } from "../catalog/service.ts";
import type { Environment } from "../config/environments.ts";
import { registryOf, snapshot, type Workspace, type Snapshot } from "./workspace.ts";
import { publish, type Published } from "./publish.ts";
import { digestOfTag } from "./registry.ts";
import type { Change } from "./repository.ts";
import { requireService, serviceFileOf, type NamedService } from "./services.ts";

/** A service in an environment. */
export interface Target {
  readonly service: string;
  readonly environment: Environment;
}

/**
 * Keeps a service at the version that its file names now. The file records the version and the reason, which win over
 * any image update. An existing hold gets the new reason.
 *
 * @throws Error when there is no such service, the reason is not one line of text, the clone is not clean, or the git
 *   server does not answer
 */
export async function hold(
  workspace: Workspace,
  target: Target & { readonly reason: string },
): Promise<Published> {
  const { service, environment, reason } = target;
  refuseReason(reason);
  const { now } = await begin(workspace, target);
  return publish(workspace.repository, now, target, `hold/${environment}/${service}`, {
    path: serviceFileOf(environment, service),
    edit: (text) => setHold(text ?? "", { tag: readServiceFile(text ?? "")?.tag ?? "", reason }),
    message: () => `Hold ${service} in ${environment}\n\n${reason}\n`,
  });
}

/**
 * Lets image updates change a service again. Nothing changes when it is not held.
 *
 * @throws Error as {@link hold} does
 */
export async function unhold(workspace: Workspace, target: Target): Promise<Published> {
  const { service, environment } = target;
  const { now } = await begin(workspace, target);
  return publish(workspace.repository, now, target, `unhold/${environment}/${service}`, {
    path: serviceFileOf(environment, service),
    edit: (text) => dropHold(text ?? ""),
    message: (before) =>
      `Let ${service} go on in ${environment}\n\nIt was held: ${readServiceFile(before)?.hold?.reason ?? ""}\n`,
  });
}

/** A rollback to make. */
export interface RollbackRequest extends Target {
  /** Tag to go back to. @default the one before the present one */
  readonly to?: string | undefined;
  readonly reason: string;
}

/**
 * Puts a service back to an earlier tag and holds it there, in one commit. A tag that Image Updater writes meanwhile
 * does not run.
 *
 * @throws Error when there is no earlier tag, the environment's registry does not have it, or as {@link hold} does
 */
export async function rollback(workspace: Workspace, request: RollbackRequest): Promise<Published> {
  const { service: name, environment, to, reason } = request;
  refuseReason(reason);
  const { now, service } = await begin(workspace, request);
  const path = serviceFileOf(environment, name);
  const tag = to ?? tagBefore(await workspace.repository.history(now.commit, path), service.tag);
  if (tag === undefined) {
    throw new Error(
      `${name} has had no other tag in ${environment} than ${service.tag}.\nNothing was changed. Fix: name one: --to <tag>`,
    );
  }
  if (isBuild(tag) !== isBuild(service.tag)) {
    throw new Error(
      `"${tag}" cannot run in ${environment}; it must be of the kind of ${service.tag}.\nNothing was changed. Fix: --to ${isBuild(service.tag) ? "sha-<7 hex digits>" : "v<major>.<minor>.<patch>"}`,
    );
  }
  const registry = await registryOf(workspace, now, environment);
  if ((await digestOfTag(registry, service.image, tag)) === undefined) {
    throw new Error(
      `${environment}'s registry (${registry.url}) has no ${service.image}:${tag}.\nNothing was changed. Fix: name a tag that is there: --to <tag>`,
    );
  }
  return publish(workspace.repository, now, request, `rollback/${environment}/${name}`, {
    path,
    edit: (text) => setHold(setImageTag(text ?? "", tag), { tag, reason }),
    message: (before) =>
      `Roll ${name} back to ${tag} in ${environment}\n\n${readServiceFile(before)?.tag ?? ""} -> ${tag}\n${reason}\n`,
  });
}

/**
 * Returns the tag that a file had before it first had `current`. A second rollback therefore goes further back, not
 * forward to the tag that the first one left.
 *
 * @param history newest first
 */
export function tagBefore(history: readonly Change[], current: string): string | undefined {
  const tags = history.flatMap(({ text }) => readServiceFile(text ?? "")?.tag ?? []);
  const first = tags.lastIndexOf(current);
  return first < 0 ? undefined : tags.slice(first).find((tag) => tag !== current);
}

async function begin(
  { repository }: Workspace,
  { service, environment }: Target,
): Promise<{ now: Snapshot; service: NamedService }> {
  const now = await snapshot(repository);
  await repository.refuseUnpublished();
  return { now, service: requireService(now.services, environment, service) };
}

/** Refuses a bad reason before anything is read or written. */
function refuseReason(reason: string): void {
  setHold("", { tag: "v0.0.0", reason });
}
