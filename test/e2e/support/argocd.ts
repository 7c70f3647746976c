import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Environment } from "../../../config/environments.ts";
import { kubectl } from "./twin.ts";

/** Longer than Argo CD's interval in the twin with its jitter: by then it has looked at git without being asked. */
const intervalMs = 25_000;

const refresh = {
  applicationsets: "argocd.argoproj.io/application-set-refresh",
  applications: "argocd.argoproj.io/refresh",
} as const;

const Objects = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        annotations: z.record(z.string(), z.string()).default({}),
        deletionTimestamp: z.string().optional(),
      }),
      operation: z.unknown().optional(),
      status: z.object({ operationState: z.object({ phase: z.string() }).optional() }).default({}),
    }),
  ),
});

/**
 * Has an environment's Argo CD look at git now, and waits until it has, and until nothing is under way: what it would do
 * by itself, it has done by then. Where it does not say so, as with a file that its ApplicationSet cannot read, this
 * takes as long as its own interval.
 */
export async function argoCdHasLooked(environment: Environment): Promise<void> {
  for (const kind of ["applicationsets", "applications"] as const) {
    const annotation = refresh[kind];
    // A value of its own: one that is left of a time before would be no change.
    const value = kind === "applications" ? "normal" : String(Date.now());
    await kubectl(
      environment,
      ...["annotate", kind, "--all", "-n", "argocd", "--overwrite", `${annotation}=${value}`],
    );
    const isUnderWay = async () => {
      const { items } = Objects.parse(
        JSON.parse(await kubectl(environment, "get", kind, "-n", "argocd", "-o", "json")),
      );
      return items.some(
        ({ metadata, operation, status }) =>
          annotation in metadata.annotations ||
          metadata.deletionTimestamp !== undefined ||
          operation !== undefined ||
          status.operationState?.phase === "Running",
      );
    };
    const deadline = Date.now() + intervalMs;
    while ((await isUnderWay()) && Date.now() < deadline) await sleep(500);
  }
}
