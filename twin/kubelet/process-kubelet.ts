import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { systemClock, timestamp } from "../../lib/clock.ts";
import { removeTree } from "../../lib/remove-tree.ts";
import { clusterPaths, processPrefix, readRecord } from "../cluster/cluster.ts";
import { clusterInfo } from "../cluster/credentials.ts";
import { KubeApi } from "../cluster/kube-api.ts";
import { processPodSelector } from "../cluster/workloads.ts";
import * as processes from "../process/processes.ts";
import { freePorts } from "../state/ports.ts";
import { binaryFolders, binaryPath } from "../toolchain/locate.ts";
import { registerMetrics, serveMetrics } from "./metrics.ts";
import { NamespaceContents } from "./namespace-contents.ts";
import { Pod, Service } from "./pod.ts";
import { podIdentity } from "./pod-identity.ts";
import { PodRunner } from "./pod-runner.ts";
import { isProcessPod, podProcessPrefix, ProcessRuntime } from "./process-runtime.ts";
import type { ProcessMachine } from "./process-runtime.ts";
import { Reflector } from "./reflector.ts";
import { backendPorts } from "./service-backends.ts";
import { ServicePorts } from "./service-ports.ts";
import type { ServicePort } from "./service-ports.ts";

// The kubelet of the Pods that run on this machine: `process-kubelet.ts <accountId> <cluster>`. cluster/workloads.ts says
// which Pods these are; all others are KWOK's. It may be killed at any time: its Pods' processes go on, and the next
// process kubelet adopts them.

const [accountId = "", name = ""] = process.argv.slice(2);
const cluster = readRecord({ accountId, name });
if (cluster === undefined)
  throw new Error(`There is no cluster "${name}" in account ${accountId}.`);
const paths = clusterPaths(cluster);
const prefix = processPrefix(cluster);
const info = clusterInfo(cluster, "twin:process-kubelet");
const api = new KubeApi(info);
const forever = new AbortController().signal;
const apiFollowing = { api, clock: systemClock, signal: forever };

/** By Pod uid: a StatefulSet gives a new Pod the name of an old one. */
const runners = new Map<string, PodRunner>();
const starting = new Set<string>();
const contents = new NamespaceContents({
  ...apiFollowing,
  onChange: (namespace) => {
    for (const runner of runners.values()) {
      if (runner.pod.metadata.namespace === namespace) runner.refreshSoon();
    }
  },
});
const servicePorts = new ServicePorts(paths.ports, backendOf, forever);
await servicePorts.resume();
const hostAddresses = await nodeAddresses();

const machine: ProcessMachine = {
  processes,
  freePorts,
  cluster: info,
  processPrefix: prefix,
  sockets: paths.sockets,
  servicePorts,
  binary: binaryPath,
  path: () => [...binaryFolders(["argocd", "helm"]), process.env["PATH"] ?? ""].join(":"),
  credentials: (namespace, serviceAccount) =>
    podIdentity({ accountId, name }, namespace, serviceAccount),
};

const pods = new Reflector({
  ...apiFollowing,
  path: "/api/v1/pods",
  query: `labelSelector=${encodeURIComponent(processPodSelector)}`,
  schema: Pod,
  onChange: take,
  onGone: lose,
  onListed: () => void cleanUp().catch(report),
});

const metricsPort = await servicePorts.reserve("metrics-server");
serveMetrics(api, paths, metricsPort);
await registerMetrics(api, metricsPort);

// A kubelet that ends leaves its containers running. There is nothing to save: its memory is in files.
process.once("SIGTERM", () => process.exit(0));

/** Takes a new or changed Pod. A new one starts once it has a node. */
function take(pod: Pod): void {
  const runner = runners.get(pod.metadata.uid);
  if (runner === undefined) void start(pod).catch(report);
  else follow(runner, pod);
}

async function start(pod: Pod): Promise<void> {
  const { uid, namespace } = pod.metadata;
  const { nodeName } = pod.spec;
  if (nodeName === undefined || starting.has(uid) || !isProcessPod(pod)) return;
  starting.add(uid);
  const runner = new PodRunner(pod, {
    api,
    pods: paths.pods,
    contents: await contents.of(namespace),
    freeAddress,
    hostIP: hostAddresses.get(nodeName) ?? "",
    createRuntime: (parts) => new ProcessRuntime(parts, machine),
    clock: systemClock,
    log,
  });
  starting.delete(uid);
  runners.set(uid, runner);
  // It may have changed or gone while its contents were read.
  const current = pods.get(`${namespace}/${pod.metadata.name}`);
  if (current?.metadata.uid === uid) follow(runner, current);
  else void end(runner, false);
}

function follow(runner: PodRunner, pod: Pod): void {
  runner.update(pod);
  if (pod.metadata.deletionTimestamp !== undefined) void end(runner, true);
}

/** Ends a Pod whose object is gone although its kubelet has not confirmed the deletion: it was deleted by force. */
function lose(key: string): void {
  for (const runner of runners.values()) {
    const { namespace, name: podName, uid } = runner.pod.metadata;
    if (`${namespace}/${podName}` === key && pods.get(key)?.metadata.uid !== uid) {
      void end(runner, false);
    }
  }
}

async function end(runner: PodRunner, isOrderly: boolean): Promise<void> {
  await runner.end(isOrderly);
  runners.delete(runner.pod.metadata.uid);
}

/** Removes what is left of Pods that were deleted while there was no process kubelet. */
async function cleanUp(): Promise<void> {
  const present = pods.values();
  const folders = new Set(present.map(({ metadata }) => metadata.uid));
  const prefixes = present.map((pod) => podProcessPrefix(prefix, pod));
  for (const { name: processName } of processes.listProcesses()) {
    const isPods = processName.startsWith(`${prefix}pod.`);
    if (isPods && !prefixes.some((start) => processName.startsWith(start))) {
      await processes.stopProcess(processName);
    }
  }
  for (const uid of existsSync(paths.pods) ? readdirSync(paths.pods) : []) {
    if (!folders.has(uid) && !runners.has(uid)) removeTree(join(paths.pods, uid));
  }
}

/** Where a connection to a Service goes now: to one of its ready Pods. */
async function backendOf(target: ServicePort): Promise<number | undefined> {
  const { namespace, service } = target;
  const found = await api.find(`/api/v1/namespaces/${namespace}/services/${service}`);
  if (found === undefined) return undefined;
  const ports = backendPorts(target, Service.parse(found), [...runners.values()]);
  return ports[Math.floor(Math.random() * ports.length)];
}

/**
 * A Pod's address in the API. Nothing listens there, and it cannot be 127.0.0.1: the API server takes no loopback
 * address in an EndpointSlice.
 */
function freeAddress(): string {
  const taken = new Set([...runners.values()].map(({ podIP }) => podIP));
  for (let host = 1; host < 255; host++) {
    const address = `10.245.0.${host}`;
    if (!taken.has(address)) return address;
  }
  throw new Error("254 Pods run as processes in this cluster; there is no address for more.");
}

async function nodeAddresses(): Promise<Map<string, string>> {
  const Nodes = z.object({
    items: z.array(
      z.object({
        metadata: z.object({ name: z.string() }),
        status: z.object({ addresses: z.array(z.object({ address: z.string() })).default([]) }),
      }),
    ),
  });
  const { items } = Nodes.parse(await api.get("/api/v1/nodes"));
  return new Map(
    items.map(({ metadata, status }) => [metadata.name, status.addresses[0]?.address ?? ""]),
  );
}

function log(message: string): void {
  console.log(`${timestamp(systemClock)} ${message}`);
}

function report(error: unknown): void {
  console.error(new Date().toISOString(), error);
}
