import { z } from "zod";

const Application = z.object({
  metadata: z.object({ name: z.string() }),
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
      operationState: z.object({ phase: z.string(), message: z.string().optional() }).optional(),
    })
    .optional(),
});
const ApplicationList = z.object({ items: z.array(Application) });

/** An Application of Argo CD, as far as anyone here asks. */
export type Application = z.infer<typeof Application>;

/** One Application, as the Kubernetes API gives it. @throws ZodError when it is none */
export function parseApplication(value: unknown): Application {
  return Application.parse(value);
}

/** A list of Applications, as the Kubernetes API gives it. @throws ZodError when it is none */
export function parseApplications(value: unknown): Application[] {
  return ApplicationList.parse(value).items;
}

/** What Argo CD says of one service. */
export interface Deployed {
  /** Images that run, `host/idp/a:tag`; two while a new version takes an old one's place. */
  readonly images: readonly string[];
  /** As Argo CD says it, `Missing` when there is no Application. */
  readonly sync: string;
  /** As Argo CD says it, `Missing` when there is no Application. */
  readonly health: string;
  /** Why not, when Argo CD gives a reason; else empty. */
  readonly message: string;
}

/** {@link Deployed} of an Application; undefined: there is none. */
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
