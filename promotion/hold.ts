import { changeServiceFile } from "../catalog/change-service-file.ts";
import { isBuild } from "../catalog/schema.ts";
import { readServiceFile } from "../catalog/service.ts";
import type { Environment } from "../config/environments.ts";
import { registryOf, snapshot, type Workspace, type Snapshot } from "./workspace.ts";
import { changedMeanwhile, publish, type Published } from "./publish.ts";
import { openPromotions, type OpenPromotion } from "./open-promotions.ts";
import { refuseReason } from "./reason.ts";
import { digestOfTag } from "./registry.ts";
import type { Change } from "./repository.ts";
import { InvalidService, requireService, type LastValid } from "./require-service.ts";
import { serviceFileOf, servicesIn, type NamedService } from "./services.ts";

/** A service in an environment. */
export interface Target {
  readonly service: string;
  readonly environment: Environment;
}

/** A service file's state after a hold or a rollback. */
export interface Held extends Published {
  /** Promotions that would still bring prod what staging has left; none in other environments. */
  readonly openPromotions: readonly OpenPromotion[];
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
): Promise<Held> {
  const { service, environment, reason } = target;
  refuseReason(reason);
  const { now } = await begin(workspace, target);
  const open = await openFor(workspace, now, target);
  const path = serviceFileOf(environment, service);
  const held = await publish(workspace.repository, now, target, `hold/${environment}/${service}`, {
    path,
    edit: (text) =>
      changeServiceFile(path, text, { hold: { tag: readServiceFile(text)?.tag ?? "", reason } }),
    message: () => `Hold ${service} in ${environment}\n\n${reason}\n`,
  });
  return withOpen(held, open);
}

/** Asked before anything is pushed: what fails later could not be taken back. */
function openFor(
  { repository }: Workspace,
  now: Snapshot,
  { service, environment }: Target,
): Promise<OpenPromotion[]> {
  return environment === "staging" ? openPromotions(repository, now, service) : Promise.resolve([]);
}

function withOpen(published: Published, open: readonly OpenPromotion[]): Held {
  return { ...published, openPromotions: open.filter(({ version }) => version !== published.tag) };
}

/**
 * Lets image updates change a service again. Nothing changes when it is not held.
 *
 * @throws Error as {@link hold} does
 */
export async function unhold(workspace: Workspace, target: Target): Promise<Published> {
  const { service, environment } = target;
  const { now } = await begin(workspace, target);
  const path = serviceFileOf(environment, service);
  return publish(workspace.repository, now, target, `unhold/${environment}/${service}`, {
    path,
    edit: (text) => changeServiceFile(path, text, { hold: null }),
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
 * does not run. A file that is not valid gets its last valid text back, and is held at the tag that it named.
 *
 * @throws Error when there is no earlier tag, the environment's registry does not have it, or as {@link hold} does
 */
export async function rollback(workspace: Workspace, request: RollbackRequest): Promise<Held> {
  const { service: name, environment, to, reason } = request;
  refuseReason(reason);
  const { now, service, last } = await begin(workspace, request, true);
  const path = serviceFileOf(environment, name);
  const before = async () =>
    last
      ? service.tag
      : tagBefore(await workspace.repository.history(now.commit, path), service.tag);
  const tag = to ?? (await before());
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
  const open = await openFor(workspace, now, request);
  const back = await publish(
    workspace.repository,
    now,
    request,
    `rollback/${environment}/${name}`,
    {
      path,
      edit: (text) => {
        if (last && text !== now.files.get(path)) throw changedMeanwhile(path);
        return changeServiceFile(path, last?.text ?? text, { tag, hold: { tag, reason } });
      },
      message: (text) =>
        last
          ? `Roll ${name} back to ${tag} in ${environment}\n\nIts text of ${last.commit.slice(0, 7)} is back: what came after is not valid.\n${reason}\n`
          : `Roll ${name} back to ${tag} in ${environment}\n\n${readServiceFile(text)?.tag ?? ""} -> ${tag}\n${reason}\n`,
    },
  );
  return withOpen(back, open);
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

/** What a command starts from. */
interface Beginning {
  readonly now: Snapshot;
  readonly service: NamedService;
  /** The file's last valid version, when it is not valid now. */
  readonly last?: NonNullable<LastValid["valid"]>;
}

/** @param mends whether the command can go on from the last valid version of a file that is not valid */
async function begin(
  { repository }: Workspace,
  { service: name, environment }: Target,
  mends = false,
): Promise<Beginning> {
  const now = await snapshot(repository);
  await repository.refuseUnpublished();
  try {
    return { now, service: await requireService(repository, now, environment, name) };
  } catch (error) {
    const last = error instanceof InvalidService && mends ? error.last.valid : undefined;
    if (last === undefined) throw error;
    const [service] = servicesIn(new Map([[serviceFileOf(environment, name), last.text]]));
    if (service === undefined) throw error;
    return { now, service, last };
  }
}
