import { isRunning, standingOf, type Application } from "./argocd.ts";

/** A sync that a person wants of Argo CD. */
export interface SyncRequest {
  /** Tells this operation from others; it stands in the Application for everyone to see. */
  readonly id: string;
  /** Who asks, as Argo CD shows it. */
  readonly by: string;
  /** Commit to sync to. @default what the Application follows */
  readonly revision?: string;
  /** Whether to delete what git no longer has. @default false, as in Argo CD's own interfaces */
  readonly prune?: boolean;
}

/** The name under which an operation carries {@link SyncRequest.id}. */
const idName = "Request";

/** Two tries more, ten seconds apart: a person sees the reason within half a minute, and can sync the mend. */
const retry = { limit: 2, backoff: { duration: "10s", factor: 1 } };

/**
 * Returns the `operation` that makes an Application's Argo CD sync it, as its own interfaces write it: with the options of
 * the Application. Without them a sync applies on the client's side and makes no namespace. Its retries take no newer
 * commit than the one that was asked for.
 */
export function syncOperation(
  { spec }: Application,
  { id, by, revision, prune = false }: SyncRequest,
) {
  const { syncOptions = [] } = spec.syncPolicy ?? {};
  return {
    initiatedBy: { username: by },
    info: [{ name: idName, value: id }],
    sync: { syncOptions, prune, ...(revision !== undefined && { revision }) },
    retry,
  };
}

/** Where an Argo CD keeps its Applications. */
export interface Applications {
  /** Returns an Application; undefined if there is none of this name. */
  readonly read: (name: string) => Promise<Application | undefined>;
  /** Merges a patch into an Application. */
  readonly patch: (name: string, patch: object) => Promise<void>;
}

/** How a sync is waited for. */
export interface Waiting {
  /** Waits until the next look. */
  readonly pause: () => Promise<void>;
  /** Looks before it is given up. */
  readonly looks: number;
  /** Takes what is going on, whenever that changes. */
  readonly say: (line: string) => void;
}

/** How a sync ended: Argo CD's words. */
export interface Synced {
  readonly sync: string;
  readonly health: string;
}

/**
 * Has Argo CD sync an Application, and waits until it has and the service is healthy.
 * @throws Error with the operation's message when it fails, when another one runs, or when there is no Application
 */
export async function syncAndWait(
  applications: Applications,
  name: string,
  request: SyncRequest,
  { pause, looks, say }: Waiting,
): Promise<Synced> {
  const before = await applications.read(name);
  if (before === undefined) {
    throw new Error(
      `Argo CD has no Application ${name}. Nothing was changed. Fix: wait until it has seen the service's file on the deployed branch, a few minutes after the merge; idp status ${name} --cluster shows it`,
    );
  }
  const other = before.operation ?? (isRunning(before) ? operationOf(before) : undefined);
  if (other !== undefined) {
    const { username = "somebody", automated } = other.initiatedBy ?? {};
    const who = automated ? "Argo CD itself" : username;
    const state = isRunning(before) ? phaseOf(before) : "not begun yet";
    const fix = automated
      ? "mend what it names, and wait: each try takes the newest commit"
      : "wait for its end, then try again";
    throw new Error(
      `Another operation of ${name} is there, by ${who}: ${state}. Nothing was changed. Fix: ${fix}`,
    );
  }
  await applications.patch(name, { operation: syncOperation(before, request) });
  let said = "";
  for (let look = 0; look < looks; look += 1) {
    await pause();
    const now = await applications.read(name);
    const line = now === undefined ? "the Application is gone" : progressOf(now, request);
    if (line !== said) say((said = line));
    if (now === undefined || !isOurs(now, request) || isRunning(now)) continue;
    const { sync, health } = standingOf(now);
    const state = now.status?.operationState;
    if (state?.phase !== "Succeeded") {
      throw new Error(`The sync of ${name} failed: ${phaseOf(now)}`);
    }
    // What stands there from before the sync says nothing about it.
    const isCurrent = (now.status?.reconciledAt ?? "") >= (state.finishedAt ?? "");
    if (isCurrent && health === "Healthy") return { sync, health };
  }
  throw new Error(
    `${name} is not there after the time allowed: ${said}. The sync goes on without this command. Fix: idp status ${name} --cluster shows how it ends; --timeout allows more`,
  );
}

const operationOf = ({ status }: Application) => status?.operationState?.operation ?? {};

/** Whether the last operation that began is the request's. */
function isOurs({ status }: Application, { id }: SyncRequest): boolean {
  const info = status?.operationState?.operation?.info ?? [];
  return info.some(({ name, value }) => name === idName && value === id);
}

function phaseOf({ status }: Application): string {
  const { phase = "asked for", message = "" } = status?.operationState ?? {};
  return message === "" ? phase : `${phase}: ${message}`;
}

function progressOf(application: Application, request: SyncRequest): string {
  if (!isOurs(application, request)) return "waits for Argo CD";
  const { sync, health } = standingOf(application);
  return isRunning(application)
    ? phaseOf(application)
    : `${phaseOf(application)}; ${sync}, ${health}`;
}
