import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { systemClock, timestamp } from "../../lib/clock.ts";
import { removeTree } from "../../lib/remove-tree.ts";
import { clusterPaths, processPrefix, readRecord } from "../cluster/cluster.ts";
import { argoCdNamespace } from "../cluster/container-pods.ts";
import { clusterInfo } from "../cluster/credentials.ts";
import { KubeApi } from "../cluster/kube-api.ts";
import { processPodSelector } from "../cluster/workloads.ts";
import * as processes from "../process/processes.ts";
import { freePorts } from "../state/ports.ts";
import { binaryFolders, binaryPath } from "../toolchain/locate.ts";
import { registerMetrics, serveMetrics } from "./metrics.ts";
import { NamespaceContents, type Contents } from "./namespace-contents.ts";
import { Pod, readsContents, Service } from "./pod.ts";
import { freePodAddress } from "./pod-address.ts";
import { podIdentity } from "./pod-identity.ts";
import { PodRunner } from "./pod-runner.ts";
import { ingressServer } from "./ingress.ts";
import { isProcessPod, podProcessPrefix, ProcessRuntime } from "./process-runtime.ts";
import type { ProcessMachine } from "./process-runtime.ts";
import { Reflector } from "./reflector.ts";
import { startContainers } from "./cluster-containers.ts";
import type { NetworkService } from "./network-objects.ts";
import type { Dial, PodParts, Runtime } from "./runtime.ts";
import { backends } from "./service-backends.ts";
import { ServicePorts } from "./service-ports.ts";
import { ingressPort, type ServicePort } from "../cluster/ports-file.ts";

// The kubelet of the Pods that run on this machine: `process-kubelet.ts <accountId> <cluster> [--containers]`.
// cluster/workloads.ts says which Pods run as processes, cluster/container-pods.ts which run as containers where this
// machine can (--containers); all others are KWOK's. It may be killed at any time: its Pods go on, and the next process
// kubelet adopts them.

const [accountId = "", name = "", ...options] = process.argv.slice(2);
const keeperCheckMs = 500;

// The shell that starts it again (cluster/parts.ts) was killed: whoever looks for that one starts another kubelet.
const keeper = Number(process.env["KEEPER_PID"]);
setInterval(() => {
  if (process.ppid !== keeper) process.exit(1);
}, keeperCheckMs);

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

const containers = options.includes("--containers")
  ? await startContainers({
      ...apiFollowing,
      cluster,
      paths,
      prefix,
      onService: publish,
      onServiceGone: withdraw,
      log,
    })
  : undefined;

const machine: ProcessMachine = {
  processes,
  freePorts,
  cluster: info,
  processPrefix: prefix,
  sockets: paths.sockets,
  servicePorts,
  binary: binaryPath,
  path: () => [...binaryFolders(["argocd", "helm"]), process.env["PATH"] ?? ""].join(":"),
  onStarted: (pod, container, { processName, ports }) => {
    containers?.node.addProcessPod(pod.metadata.uid, {
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      containers: { [container]: { log: processes.logFile(processName), ports } },
    });
  },
  credentials: (namespace, serviceAccount) =>
    podIdentity({ accountId, name }, namespace, serviceAccount),
};

const pods = new Reflector({
  ...apiFollowing,
  path: "/api/v1/pods",
  ...(containers === undefined && {
    query: `labelSelector=${encodeURIComponent(processPodSelector)}`,
  }),
  schema: Pod,
  onChange: take,
  onGone: lose,
  onListed: () => void cleanUp().catch(report),
});

const metricsPort = await servicePorts.reserve("metrics-server");
serveMetrics(api, paths, metricsPort, () => containers?.node.usage);
await registerMetrics(api, metricsPort);

if (containers !== undefined) {
  const services = containers.services();
  // Those that were deleted while there was no kubelet.
  for (const target of servicePorts.targets()) {
    const { namespace, service } = target;
    const isThere = services.some(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === service,
    );
    if (!isThere && namespace !== argoCdNamespace) servicePorts.forget(target);
  }
  const server = ingressServer((host, path) => {
    const target = containers.ingressTarget(host, path);
    return target && { dial: backendOf(target) };
  });
  server.on("error", report);
  server.listen({ host: "127.0.0.1", port: await servicePorts.reserve(ingressPort) });
}

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
  if (nodeName === undefined || starting.has(uid) || hasEnded(pod)) return;
  starting.add(uid);
  const parts = await podParts(pod).finally(() => starting.delete(uid));
  if (parts === undefined) return;
  const runner = new PodRunner(pod, {
    ...parts,
    api,
    pods: paths.pods,
    freeAddress: () => freePodAddress(new Set([...runners.values()].map(({ podIP }) => podIP))),
    hostIP: hostAddresses.get(nodeName) ?? "",
    clock: systemClock,
    log,
  });
  runners.set(uid, runner);
  for (const service of containers?.services() ?? []) publish(service);
  // It may have changed or gone while its contents were read.
  const current = pods.get(`${namespace}/${pod.metadata.name}`);
  if (current?.metadata.uid === uid) follow(runner, current);
  else void end(runner, false);
}

/** How a Pod runs here, and what it may read; undefined for a Pod that is KWOK's. */
async function podParts(pod: Pod) {
  const createRuntime = isProcessPod(pod)
    ? (parts: PodParts): Runtime => new ProcessRuntime(parts, machine)
    : await containers?.runtimeOf(pod);
  if (createRuntime === undefined) return undefined;
  const { namespace } = pod.metadata;
  // A namespace is watched once a Pod needs what is in it: most services need nothing.
  return {
    createRuntime,
    contents: readsContents(pod) ? await contents.of(namespace) : noContents,
  };
}

const noContents: Contents = { configMap: () => undefined, secret: () => undefined };

/** Gives the ports of a Service that leads to a container's Pod a port of this machine, for people. */
function publish({ metadata, spec }: NetworkService): void {
  const { namespace, name: service } = metadata;
  const { selector } = spec;
  if (Object.keys(selector).length === 0 || spec.clusterIP === "None") return;
  const leadsHere = [...runners.values()].some(
    ({ pod }) =>
      !isProcessPod(pod) &&
      pod.metadata.namespace === namespace &&
      Object.entries(selector).every(([key, value]) => pod.metadata.labels[key] === value),
  );
  if (!leadsHere) return;
  for (const { port } of spec.ports) {
    servicePorts.portOf({ namespace, service, port }).catch(report);
  }
}

/** A Service is gone: its ports are free for others. */
function withdraw({ metadata, spec }: NetworkService): void {
  const { namespace, name: service } = metadata;
  if (namespace === argoCdNamespace) return;
  for (const { port } of spec.ports) servicePorts.forget({ namespace, service, port });
}

/** A Pod that has ended for good needs no kubelet: the API server deletes it by itself. */
function hasEnded({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
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
  containers?.node.removeProcessPod(runner.pod.metadata.uid);
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
  // Before their folders: what runs in them writes to them.
  await containers?.node.removeUnknown(
    (uid) => runners.has(uid) || pods.values().some(({ metadata }) => metadata.uid === uid),
  );
  for (const uid of existsSync(paths.pods) ? readdirSync(paths.pods) : []) {
    if (!folders.has(uid) && !runners.has(uid)) removeTree(join(paths.pods, uid));
  }
}

/** Where a connection to a Service goes now: to one of its ready Pods. */
async function backendOf(target: ServicePort): Promise<Dial | undefined> {
  const { namespace, service } = target;
  const found = await api.find(`/api/v1/namespaces/${namespace}/services/${service}`);
  if (found === undefined) return undefined;
  const dials = backends(target, Service.parse(found), [...runners.values()]);
  return dials[Math.floor(Math.random() * dials.length)];
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
