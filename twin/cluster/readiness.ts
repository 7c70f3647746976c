import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { isRunning, logFile, logTail } from "../process/processes.ts";
import type { ClusterRecord } from "./cluster.ts";
import type { KubeApi } from "./kube-api.ts";
import { processName, type Part } from "./parts.ts";

const readyLimitMs = 180_000;

/**
 * Resolves once `check` is true and the needed parts run.
 * @param onDeath called with a needed part that ended; it throws or starts the part again
 * @throws Error with the last answer if the time limit has passed
 */
export async function waitForParts(
  cluster: ClusterRecord,
  what: string,
  needed: readonly Part[],
  check: () => Promise<boolean>,
  onDeath: (part: Part) => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + readyLimitMs;
  let last: unknown;
  for (;;) {
    const isDone = await check().catch((error: unknown) => {
      last = error;
      return false;
    });
    const dead = needed.find((part) => !isRunning(processName(cluster, part)));
    if (dead !== undefined) await onDeath(dead);
    else if (isDone) return;
    if (Date.now() > deadline) {
      throw new Error(
        `Cluster "${cluster.name}" in ${cluster.accountId}: no ${what} within ${readyLimitMs / 1000} s. ` +
          `Last answer: ${String(last)}. Logs: ${logFile(processName(cluster, "kube-apiserver"))}`,
      );
    }
    await sleep(100);
  }
}

/** Returns a message that says how a part ended, with the end of its log, and what to do. */
export function deathNotice(cluster: ClusterRecord, part: Part): string {
  const name = processName(cluster, part);
  return (
    `Cluster "${cluster.name}" in ${cluster.accountId}: ${part} ended. The end of ${logFile(name)}:\n` +
    `${logTail(name, 15)}\n` +
    `Fix: remove the cause that its log names (another program on port ${cluster.port}?) and run idp twin up again, or start anew with idp twin down.`
  );
}

/** Whether every zone has a ready node, and the namespace `default` has its service account. */
export async function hasReadyNodes(api: KubeApi, cluster: ClusterRecord): Promise<boolean> {
  const { items } = NodeList.parse(await api.get("/api/v1/nodes"));
  const ready = items.filter(
    ({ spec, status }) =>
      spec.taints === undefined &&
      status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"),
  );
  const account = await api.find("/api/v1/namespaces/default/serviceaccounts/default");
  return ready.length >= cluster.availabilityZones.length && account !== undefined;
}

const NodeList = z.object({
  items: z.array(
    z.object({
      spec: z.object({ taints: z.array(z.unknown()).optional() }),
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
      }),
    }),
  ),
});
