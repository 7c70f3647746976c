import { z } from "zod";
import { isGone } from "../components/argocd-status.ts";
import type { Environment } from "../config/environments.ts";

const Operation = z.looseObject({
  initiatedBy: z
    .object({ username: z.string().optional(), automated: z.boolean().optional() })
    .optional(),
  info: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
});

const Application = z.object({
  metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
  /** Asked for, and not begun yet. */
  operation: Operation.optional(),
  spec: z.object({
    syncPolicy: z.object({ syncOptions: z.array(z.string()).optional() }).optional(),
  }),
  status: z
    .object({
      sync: z.object({ status: z.string(), revision: z.string().optional() }).optional(),
      health: z
        .object({
          status: z.string().optional(),
          message: z.string().optional(),
          lastTransitionTime: z.string().optional(),
        })
        .optional(),
      summary: z.object({ images: z.array(z.string()).optional() }).optional(),
      conditions: z.array(z.object({ type: z.string(), message: z.string() })).optional(),
      /** The syncs that succeeded. */
      history: z.array(z.unknown()).optional(),
      /** When Argo CD last compared the cluster with git. */
      reconciledAt: z.string().optional(),
      operationState: z
        .object({
          phase: z.string(),
          message: z.string().optional(),
          /** While it runs: when its last try failed. */
          finishedAt: z.string().optional(),
          /** Tries after the first one. */
          retryCount: z.number().optional(),
          operation: Operation.optional(),
          /** What became of each object in the last try. */
          syncResult: z
            .object({
              resources: z
                .array(
                  z.object({
                    kind: z.string().optional(),
                    name: z.string().optional(),
                    status: z.string().optional(),
                    message: z.string().optional(),
                  }),
                )
                .optional(),
            })
            .optional(),
        })
        .optional(),
    })
    .optional(),
});
const ApplicationList = z.object({ items: z.array(Application) });

/** The fields of an Argo CD Application that this project reads. */
export type Application = z.infer<typeof Application>;

/** Returns one Application from a Kubernetes API response. @throws ZodError when the value is not one */
export function parseApplication(value: unknown): Application {
  return Application.parse(value);
}

/** Returns the Applications in a Kubernetes API list. @throws ZodError when the value is not such a list */
export function parseApplications(value: unknown): Application[] {
  return ApplicationList.parse(value).items;
}

/** What Argo CD reports about one service. */
export interface Deployed {
  /** Running images, `host/idp/a:tag`; two while a new version replaces an old one. */
  readonly images: readonly string[];
  /** Argo CD's own word, or `Missing` when there is no Application. */
  readonly sync: string;
  /** Argo CD's own word, or `Missing` when there is no Application. */
  readonly health: string;
  /** What is wrong and the way out, when something is; else empty. A service that only waits for a sync has none. */
  readonly message: string;
}

/** Returns {@link Deployed} for a service that has a file; `undefined` stands for no Application. */
export function deployedBy(
  application: Application | undefined,
  environment: Environment,
): Deployed {
  return said(
    application,
    application === undefined
      ? [`Argo CD has no Application of it. Fix: npx idp refresh ${environment} has it look now`]
      : [...syncTroubles(application, environment), ...healthTroubles(application, environment)],
  );
}

/**
 * Returns {@link Deployed} for an Application without a file. What Argo CD cannot render is no news there: only what
 * keeps the Application from going is.
 */
export function leftBy(application: Application): Deployed {
  const { name, deletionTimestamp } = application.metadata;
  const isHeld = deletionTimestamp !== undefined && isRunning(application);
  return said(
    application,
    isHeld
      ? [
          `its removal waits for the end of a sync: ${reasonOf(application)}. Fix: kubectl -n argocd patch application ${name} --type merge --patch '{"status":{"operationState":{"phase":"Terminating"}}}'`,
        ]
      : [],
  );
}

function said(application: Application | undefined, troubles: readonly string[]): Deployed {
  const images = application?.status?.summary?.images ?? [];
  return { images, ...standingOf(application), message: troubles.join("; ") };
}

/** Returns Argo CD's own two words for a service. */
export function standingOf(
  application: Application | undefined,
): Pick<Deployed, "sync" | "health"> {
  const { sync, health } = application?.status ?? {};
  return { sync: sync?.status ?? "Missing", health: health?.status ?? "Missing" };
}

/** Whether an operation has begun and not ended: between two of its tries, too. */
export function isRunning({ status }: Application): boolean {
  return ["Running", "Terminating"].includes(status?.operationState?.phase ?? "");
}

/** A sync that failed, or that fails and is tried again; and what Argo CD cannot do at all. */
function syncTroubles(application: Application, environment: Environment): string[] {
  const { conditions = [], operationState: operation } = application.status ?? {};
  const { phase = "Succeeded", retryCount = 0 } = operation ?? {};
  const isOver = phase === "Failed" || phase === "Error";
  const again = `npx idp sync ${application.metadata.name} ${environment}`;
  return [
    ...conditions
      // It repeats what the operation says.
      .filter(({ type }) => !(isOver && type === "SyncError"))
      .map(({ type, message }) => `${type}: ${message}`),
    ...(isOver
      ? [`sync ${phase}: ${reasonOf(application)}. Fix: mend what it names, then ${again}`]
      : retryCount > 0 && isRunning(application)
        ? [`sync fails and is tried again: ${reasonOf(application)}`]
        : []),
  ];
}

function healthTroubles({ metadata, status }: Application, environment: Environment): string[] {
  const { name } = metadata;
  const { health } = status ?? {};
  if (isGone(status)) {
    return [`what was synced is gone. Fix: npx idp sync ${name} ${environment} makes it again`];
  }
  if (health?.status !== "Degraded") return [];
  const why = health.message ? `: ${health.message}` : "";
  return [`Degraded${why}. Fix: kubectl -n ${name} describe pods has the reason`];
}

/** What an operation says, and what it says of the objects that were refused unless that is the same. */
function reasonOf({ status }: Application): string {
  const { message = "", syncResult } = status?.operationState ?? {};
  const refused = (syncResult?.resources ?? []).filter(
    (one) => one.status === "SyncFailed" && !message.includes(one.message ?? ""),
  );
  return [
    message.replace(/\.$/, ""),
    ...refused.map((one) => `${one.kind ?? ""} ${one.name ?? ""}: ${one.message ?? ""}`),
  ].join("; ");
}
