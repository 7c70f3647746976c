import { z } from "zod";

/** What Argo CD says of its own objects, as far as this project judges it. */

/** What makes an ApplicationSet ask git again at once, whatever it says; Argo CD takes it away when it has. */
export const refreshAnnotation = "argocd.argoproj.io/application-set-refresh";

const ApplicationSet = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).optional() }),
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            message: z.string(),
            lastTransitionTime: z.string().optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

/** The fields of an ApplicationSet that this project reads. */
export type ApplicationSet = z.infer<typeof ApplicationSet>;

/** Returns an ApplicationSet from a Kubernetes API response. @throws ZodError when the value is not one */
export function parseApplicationSet(value: unknown): ApplicationSet {
  return ApplicationSet.parse(value);
}

/** Why an ApplicationSet makes, changes and deletes no Applications. */
export interface SetError {
  /** When it began, ISO 8601. */
  readonly since: string;
  /** Argo CD's words. */
  readonly message: string;
  /** The service file that it could not read, if it was one. */
  readonly file?: string;
}

/** Returns what keeps an ApplicationSet from its work; undefined when nothing does. */
export function setErrorOf({ status }: ApplicationSet): SetError | undefined {
  const error = status?.conditions?.find(
    (one) => one.type === "ErrorOccurred" && one.status === "True",
  );
  if (error === undefined) return undefined;
  const { message, lastTransitionTime: since = "" } = error;
  const [, file] = /unable to process file '([^']+)'/.exec(message) ?? [];
  return { since, message, ...(file !== undefined && { file }) };
}

/** The fields of an Application's status by which {@link isGone} judges. */
interface Standing {
  readonly health?: { readonly status?: string | undefined } | undefined;
  readonly summary?: { readonly images?: readonly string[] | undefined } | undefined;
  readonly history?: readonly unknown[] | undefined;
  /** When Argo CD last compared the cluster with git. */
  readonly reconciledAt?: string | undefined;
  readonly operationState?:
    { readonly phase: string; readonly finishedAt?: string | undefined } | undefined;
}

/**
 * Whether nothing of a service is left that a sync had made: Argo CD calls it Missing when no object is there, and Healthy
 * when some are, though no Pod runs. One that was never synced is not gone, nor one that Argo CD has not looked at since
 * its last sync: that it still calls what it was before.
 */
export function isGone({
  health,
  summary,
  history = [],
  reconciledAt = "",
  operationState: { phase, finishedAt } = { phase: "Succeeded" },
}: Standing = {}): boolean {
  const isSeen = phase !== "Running" && (finishedAt === undefined || reconciledAt > finishedAt);
  const runsNothing = (summary?.images ?? []).length === 0;
  return (
    isSeen &&
    history.length > 0 &&
    (health?.status === "Missing" || (health?.status === "Healthy" && runsNothing))
  );
}
