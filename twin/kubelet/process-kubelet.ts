import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { systemClock, timestamp } from "../../lib/clock.ts";
import { removeTree } from "../../lib/remove-tree.ts";
import { freePorts } from "../state/ports.ts";
import * as processes from "../process/processes.ts";
import { binaryFolders, binaryPath } from "../toolchain/locate.ts";
import { clusterPaths, processPrefix, readRecord } from "../cluster/cluster.ts";
import { clusterInfo } from "../cluster/credentials.ts";
import { KubeApi } from "../cluster/kube-api.ts";
import { registerMetrics, serveMetrics } from "./metrics.ts";
import { ConfigMap, Pod, Secret, Service } from "./pod.ts";
import type { Content, Sources } from "./pod.ts";
import { podIdentity } from "./pod-identity.ts";
import { PodRunner } from "./pod-runner.ts";
import { containerPort } from "./probe.ts";
import { isProcessPod, podProcessPrefix, ProcessRuntime } from "./process-runtime.ts";
import type { ProcessMachine } from "./process-runtime.ts";
import { Reflector } from "./reflector.ts";
import { ServicePorts } from "./service-ports.ts";
import type { ServicePort } from "./service-ports.ts";
import { processPodSelector, standInApps } from "../cluster/workloads.ts";

// The kubelet of the Pods that can run on this machine: `process-kubelet.ts <accountId> <cluster>`. Which these are, and
// how, says cluster/workloads.ts; all other Pods are KWOK's. It may be killed at any time: its Pods' processes go on, and the
// next one takes them over.

type Contents = Pick<Sources, "configMap" | "secret">;

const [accountId = "", name = ""] = process.argv.slice(2);
const cluster = readRecord({ accountId, name });
if (cluster === undefined)
  throw new Error(`There is no cluster "${name}" in account ${accountId}.`);
const paths = clusterPaths(cluster);
const prefix = processPrefix(cluster);
const info = clusterInfo(cluster, "twin:process-kubelet");
const api = new KubeApi(info);
const forever = new AbortController().signal;
const reflectorBase = { api, clock: systemClock, signal: forever };

/** By Pod uid: a StatefulSet's next Pod has the name of the last. */
const runners = new Map<string, PodRunner>();
const starting = new Set<string>();
const contents = new Map<string, Promise<Contents>>();
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
  ...reflectorBase,
  path: "/api/v1/pods",
  query: `labelSelector=${encodeURIComponent(processPodSelector)}`,
  schema: Pod,
  onChange: meet,
  onGone: lose,
  onListed: () => void cleanUp().catch(report),
});

const metricsPort = await servicePorts.reserve("metrics-server");
serveMetrics(api, paths, metricsPort);
await registerMetrics(api, metricsPort);

// A kubelet that ends leaves its containers alone. Nothing to put in order: what must be remembered is in files.
process.once("SIGTERM", () => process.exit(0));

/** A Pod is there or changed. A new one starts once it has a node. */
function meet(pod: Pod): void {
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
    contents: await contentsOf(namespace),
    freeAddress,
    hostIP: hostAddresses.get(nodeName) ?? "",
    createRuntime: (parts) => new ProcessRuntime(parts, machine),
    clock: systemClock,
    log,
  });
  starting.delete(uid);
  runners.set(uid, runner);
  // It may have changed, or be gone, since.
  const current = pods.get(`${namespace}/${pod.metadata.name}`);
  if (current?.metadata.uid === uid) follow(runner, current);
  else void end(runner, false);
}

function follow(runner: PodRunner, pod: Pod): void {
  runner.update(pod);
  if (pod.metadata.deletionTimestamp !== undefined) void end(runner, true);
}

/** The object is gone without the kubelet's word: deleted by force. */
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

/** What an earlier process kubelet left of Pods that went while there was none. */
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

/** Copies of a namespace's ConfigMaps and Secrets, made when its first Pod comes. */
function contentsOf(namespace: string): Promise<Contents> {
  const known = contents.get(namespace);
  if (known !== undefined) return known;
  const made = followContents(namespace);
  contents.set(namespace, made);
  return made;
}

async function followContents(namespace: string): Promise<Contents> {
  const base = { ...reflectorBase, onChange: refresh, onGone: refresh };
  const path = `/api/v1/namespaces/${namespace}`;
  const configMaps = new Reflector({ ...base, path: `${path}/configmaps`, schema: ConfigMap });
  const secrets = new Reflector({ ...base, path: `${path}/secrets`, schema: Secret });
  await Promise.all([configMaps.ready, secrets.ready]);
  return {
    configMap: (key) => {
      const found = configMaps.get(`${namespace}/${key}`);
      return found && new Map([...texts(found.data), ...decoded(found.binaryData)]);
    },
    secret: (key) => {
      const found = secrets.get(`${namespace}/${key}`);
      return found && decoded(found.data);
    },
  };

  function refresh(): void {
    for (const runner of runners.values()) {
      if (runner.pod.metadata.namespace === namespace) runner.refreshSoon();
    }
  }
}

function texts(data: Readonly<Record<string, string>>): Content {
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value)]));
}

function decoded(data: Readonly<Record<string, string>>): Content {
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64")]));
}

/** Where a Service leads now, by the Service's own selector and target port. */
async function backendOf({ namespace, service, port }: ServicePort): Promise<number | undefined> {
  const found = await api.find(`/api/v1/namespaces/${namespace}/services/${service}`);
  if (found === undefined) return undefined;
  const { selector, ports } = Service.parse(found).spec;
  const target = ports.find((candidate) => candidate.port === port);
  if (selector === undefined || target === undefined) return undefined;
  const labels = Object.entries(
    service in standInApps ? { "app.kubernetes.io/name": standInApps[service] } : selector,
  );
  const ready = [...runners.values()].flatMap((runner) => {
    const { metadata, spec } = runner.pod;
    if (metadata.namespace !== namespace) return [];
    if (labels.some(([key, value]) => metadata.labels[key] !== value)) return [];
    const { targetPort = port } = target;
    return spec.containers.flatMap((container) => {
      const asked = containerPort(targetPort, container);
      return (asked === undefined ? undefined : runner.readyPort(asked)) ?? [];
    });
  });
  return ready[Math.floor(Math.random() * ready.length)];
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
