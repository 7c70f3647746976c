import { z } from "zod";

const Operation = z.looseObject({
  initiatedBy: z.object({ username: z.string().optional() }).optional(),
  info: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
});

const Application = z.object({
  metadata: z.object({ name: z.string() }),
  /** Asked for, and not begun yet. */
  operation: Operation.optional(),
  spec: z.object({
    syncPolicy: z
      .object({ syncOptions: z.array(z.string()).optional(), retry: z.unknown().optional() })
      .optional(),
  }),
  status: z
    .object({
      sync: z.object({ status: z.string(), revision: z.string().optional() }).optional(),
      health: z.object({ status: z.string().optional() }).optional(),
      summary: z.object({ images: z.array(z.string()).optional() }).optional(),
      conditions: z.array(z.object({ type: z.string(), message: z.string() })).optional(),
      /** When Argo CD last compared the cluster with git. */
      reconciledAt: z.string().optional(),
      operationState: z
        .object({
          phase: z.string(),
          message: z.string().optional(),
          finishedAt: z.string().optional(),
          operation: Operation.optional(),
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
  /** Argo CD's reason when something is wrong; else empty. */
  readonly message: string;
}

/** Returns {@link Deployed} for an Application; `undefined` stands for no Application. */
export function deployedBy(application: Application | undefined): Deployed {
  const status = application?.status;
  const operation = status?.operationState;
  return {
    images: status?.summary?.images ?? [],
    sync: status?.sync?.status ?? "Missing",
    health: status?.health?.status ?? "Missing",
    message: [
      ...(status?.conditions ?? []).map(({ type, message }) => `${type}: ${message}`),
      ...(operation && !["Succeeded", "Running"].includes(operation.phase)
        ? [`sync ${operation.phase}: ${operation.message ?? ""}`]
        : []),
    ].join("; "),
  };
}
