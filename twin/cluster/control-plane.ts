import { removeTree } from "../../lib/remove-tree.ts";
import { writeWhole } from "../../lib/write-file.ts";
import { execa } from "execa";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { withLock } from "../process/lock.ts";
import { listProcesses, startProcess, stopProcess } from "../process/processes.ts";
import { clusterEnvironment } from "../state/environment.ts";
import { freePorts } from "../state/ports.ts";
import { binaryPath, sharePath } from "../toolchain/locate.ts";
import { tools, type BinaryName } from "../toolchain/tools.ts";
import { autoModeKinds } from "./auto-mode.ts";
import {
  clusterPaths,
  ClusterRecord,
  processPrefix,
  readRecord,
  writeInfo,
  writeRecord,
} from "./cluster.ts";
import type { ClusterInfo, ClusterKey, ClusterPaths } from "./cluster.ts";
import { containerPodQuery } from "./container-pods.ts";
import { containersHere } from "./container-support.ts";
import { partKubeconfig, parts, partSpec } from "./parts.ts";
import type { Part } from "./parts.ts";
import { clusterInfo, ensureCredentials, kubeconfig, tokenOf } from "./credentials.ts";
import type { User } from "./credentials.ts";
import { KubeApi, unlessStatus } from "./kube-api.ts";
import { kwokConfiguration } from "./kwok.ts";
import { nodeManifests } from "./nodes.ts";
import { deathNotice, hasReadyNodes, waitForParts } from "./readiness.ts";
import { processPodQuery } from "../cluster/workloads.ts";

/** The cluster to run. */
export interface ControlPlaneRequest extends ClusterKey {
  /** Kubernetes minor version, such as "1.36". Only the toolchain's version is available. */
  readonly version: string;
  readonly region: string;
  /** One node is created in each. */
  readonly availabilityZones: readonly string[];
}

/**
 * Runs the cluster's control plane and returns how to reach it: etcd, API server, controller manager, scheduler, KWOK with
 * one node per zone, and the process kubelet. Idempotent: missing parts are started, running parts are left alone, the data
 * and the endpoint stay. Safe to call from several processes at the same time.
 *
 * @param onProgress called with each step, for people.
 * @throws Error if the version is not the twin's, or if a part does not start (with the end of its log).
 */
export async function ensureControlPlane(
  request: ControlPlaneRequest,
  onProgress: (message: string) => void = () => undefined,
): Promise<ClusterInfo> {
  refuseOtherVersion(request);
  return withLock(lockFile(request), async () => {
    const cluster = await remember(request);
    const paths = clusterPaths(cluster);
    for (const folder of [paths.pki, paths.etcd, paths.kwok, paths.pods]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    ensureCredentials(paths);
    const environment = clusterEnvironment();
    const binary = (name: BinaryName) => binaryPath(name, environment);
    const containers = await containersHere(paths.pods, environment);
    // The API server reads its client certificate when it starts.
    if (containers.runs) await execa(binary("podbox"), ["certificates", paths.kubeletPki]);

    // The parts that this call started. If one of them ends, it is at fault. Any other part was killed and is started again.
    const started = new Set<Part>();
    const start = async (part: Part): Promise<void> => {
      const spec = partSpec(part, cluster, paths, binary, environment, containers.runs);
      if ((await startProcess(spec)).isNew) started.add(part);
    };
    const waitFor = (what: string, needed: readonly Part[], check: () => Promise<boolean>) =>
      waitForParts(cluster, what, needed, check, async (dead) => {
        if (started.has(dead)) throw new Error(deathNotice(cluster, dead));
        await start(dead);
      });

    const first = ["etcd", "kube-apiserver"] as const;
    for (const part of first) await start(part);
    onProgress(`${cluster.name}: waiting for the API server`);
    // The API server creates its certificate once, before it listens.
    await waitFor("certificate of the API server", first, () =>
      // The key is written after the certificate: once the key exists, the certificate is complete.
      Promise.resolve(existsSync(paths.certificate.replace(/\.crt$/, ".key"))),
    );
    const info = clusterInfo(cluster, "admin");
    const api = new KubeApi(info);
    try {
      await waitFor("answer of the API server", first, async () => {
        return (await api.getText("/readyz")) === "ok";
      });
      writeKubeconfigs(cluster, info, paths);
      const ownStages = readFileSync(sharePath("kwok", "stages.yaml", environment), "utf8");
      const realPods = [processPodQuery, ...(containers.runs ? [containerPodQuery] : [])];
      writeWhole(paths.kwokConfig, kwokConfiguration(ownStages, realPods));
      for (const node of nodeManifests(cluster, `v${tools.kubernetes.version}`)) {
        await unlessStatus(409, api.create("/api/v1/nodes", node));
      }
      for (const kind of autoModeKinds) {
        await unlessStatus(409, api.create(definitions, kind));
      }
      for (const part of parts.slice(first.length)) await start(part);
      onProgress(`${cluster.name}: waiting for the nodes`);
      await waitFor("nodes and no default service account", parts, () =>
        hasReadyNodes(api, cluster),
      );
      writeInfo(cluster, info);
      return info;
    } finally {
      api.close();
    }
  });
}

/** Stops the cluster and deletes its data; its logs stay. If it does not exist, that is no error. */
export async function deleteControlPlane(key: ClusterKey): Promise<void> {
  const { dir, sockets } = clusterPaths(key);
  if (!existsSync(dir)) return;
  await withLock(lockFile(key), async () => {
    await stopProcesses(key);
    removeTree(dir);
    removeTree(sockets);
  });
}

function refuseOtherVersion({ name, version }: ControlPlaneRequest): void {
  const own = tools.kubernetes.version;
  if (own.startsWith(`${version}.`)) return;
  const minor = own.split(".").slice(0, 2).join(".");
  throw new Error(
    `Cluster "${name}" asks for Kubernetes ${version}; the twin has only ${own}. ` +
      `Fix: pulumi config set --path idp:cluster.version ${minor}`,
  );
}

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** Returns the lock's path, next to the directory and not in it: the lock must survive a deletion. */
function lockFile(key: ClusterKey): string {
  return `${clusterPaths(key).dir}.lock`;
}

async function remember(request: ControlPlaneRequest): Promise<ClusterRecord> {
  const { accountId, name, version, region, availabilityZones } = request;
  const known = readRecord(request);
  const [port, kubeletPort] = known ? [known.port, known.kubeletPort] : await freePorts(2);
  const cluster = ClusterRecord.parse({
    accountId,
    name,
    version,
    region,
    availabilityZones,
    port,
    kubeletPort,
  });
  writeRecord(cluster);
  return cluster;
}

const partUsers = {
  "kube-controller-manager": "system:kube-controller-manager",
  "kube-scheduler": "system:kube-scheduler",
  kwok: "twin:kwok",
} as const satisfies Partial<Record<Part, User>>;

function writeKubeconfigs(cluster: ClusterRecord, info: ClusterInfo, paths: ClusterPaths): void {
  const shared = {
    endpoint: info.endpoint,
    certificateAuthority: info.certificateAuthority,
    context: cluster.name,
  };
  for (const part of ["kube-controller-manager", "kube-scheduler", "kwok"] as const) {
    const user = partUsers[part];
    const credential = { token: tokenOf(user, paths) };
    writeWhole(partKubeconfig(part, paths), kubeconfig({ ...shared, user, credential }));
  }
  const admin = { ...shared, user: "admin", credential: { token: info.token } };
  writeWhole(paths.kubeconfig, kubeconfig(admin));
}

/**
 * Stops the process kubelet first, or it would restart its Pods, and etcd last, or the API server would wait for it.
 * Repeats until nothing is left: the kubelet may have started one more process before it got the signal.
 */
async function stopProcesses(key: ClusterKey): Promise<void> {
  const prefix = processPrefix(key);
  await stopProcess(`${prefix}process-kubelet`);
  const last = [`${prefix}kube-apiserver`, `${prefix}etcd`];
  for (;;) {
    const names = listProcesses()
      .map(({ name }) => name)
      .filter((name) => name.startsWith(prefix) && !last.includes(name));
    if (names.length === 0) break;
    await Promise.all(names.map((name) => stopProcess(name)));
  }
  for (const name of last) await stopProcess(name, 5_000);
}
