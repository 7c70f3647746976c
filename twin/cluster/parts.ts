import { join } from "node:path";
import { repositoryRoot } from "../../lib/paths.ts";
import type { ProcessSpec } from "../process/processes.ts";
import { processPrefix } from "./cluster.ts";
import type { ClusterPaths, ClusterRecord } from "./cluster.ts";

/** The parts of a control plane, in the order in which they start. */
export const parts = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
  "process-kubelet",
] as const;
export type Part = (typeof parts)[number];

/** Returns a part's process name. */
export function processName(cluster: ClusterRecord, part: Part): string {
  return `${processPrefix(cluster)}${part}`;
}

/** Returns the path of a part's own kubeconfig. */
export function partKubeconfig(part: Part, paths: ClusterPaths): string {
  return join(paths.pki, `${part}.kubeconfig`);
}

/**
 * Runs a command until it ends by itself; one that was killed (its code is above 128) starts again. People kill the kubelet to
 * see what happens: as on a node, it is back in a moment. By KEEPER_PID the command notices that this shell has ended.
 */
const restartIfKilled =
  'while :; do KEEPER_PID=$$ "$@"; code=$?; [ $code -gt 128 ] || exit $code; sleep 1; done';

/** Where the API server asks for logs, exec and port-forward: podbox serves the kubelet's API. */
function kubeletArguments({ kubeletPki }: ClusterPaths): string[] {
  return [
    "--kubelet-preferred-address-types=ExternalIP",
    `--kubelet-client-certificate=${join(kubeletPki, "client.crt")}`,
    `--kubelet-client-key=${join(kubeletPki, "client.key")}`,
  ];
}

/**
 * Returns the process of a part. The options suit three clusters on two cores: no leader election (each part runs once), no
 * listeners for metrics or health except the API server's one port, etcd without fsync (a twin that is lost with its
 * machine can be made again, and killing a process loses nothing because the kernel keeps what was written).
 */
export function partSpec(
  part: Part,
  cluster: ClusterRecord,
  paths: ClusterPaths,
  binary: (name: Exclude<Part, "process-kubelet">) => string,
  environment: Readonly<Record<string, string>>,
  runsContainers: boolean,
): ProcessSpec {
  const name = processName(cluster, part);
  const args: Record<Part, () => readonly string[]> = {
    etcd: () => [
      "--name=twin",
      "--data-dir=data",
      // Sockets instead of ports: etcd needs no password because the directory's mode keeps others out. The number is
      // there only because etcd insists on host:port; the files are called "client:1" and "peer:1".
      "--listen-client-urls=unix://client:1",
      "--advertise-client-urls=unix://client:1",
      "--listen-peer-urls=unix://peer:1",
      "--initial-advertise-peer-urls=unix://peer:1",
      "--initial-cluster=twin=unix://peer:1",
      "--unsafe-no-fsync",
      "--log-level=warn",
    ],
    "kube-apiserver": () => [
      "--etcd-servers=unix://client:1",
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${cluster.port}`,
      `--cert-dir=${paths.pki}`,
      `--token-auth-file=${paths.tokens}`,
      "--authorization-mode=RBAC",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-signing-key-file=${paths.serviceAccountKey}`,
      `--service-account-key-file=${paths.serviceAccountPublicKey}`,
      // EKS's default range.
      "--service-cluster-ip-range=172.20.0.0/16",
      // Endpoints must not be loopback addresses, and nothing in the twin reads those of the Service "kubernetes".
      "--endpoint-reconciler-type=none",
      ...(runsContainers ? kubeletArguments(paths) : []),
      "--allow-privileged=true",
      "--profiling=false",
    ],
    "kube-controller-manager": () => [
      `--kubeconfig=${partKubeconfig(part, paths)}`,
      `--root-ca-file=${paths.certificate}`,
      `--service-account-private-key-file=${paths.serviceAccountKey}`,
      "--leader-elect=false",
      "--secure-port=0",
      "--profiling=false",
      // KWOK's nodes report once a minute (kwok.ts). Pods must not be evicted because the machine slept or is busy.
      "--node-monitor-grace-period=15m",
      // The twin's tests create a hundred services at a time; the default (20) would make them wait.
      "--kube-api-qps=200",
      "--kube-api-burst=400",
    ],
    "kube-scheduler": () => [
      `--kubeconfig=${partKubeconfig(part, paths)}`,
      "--leader-elect=false",
      "--secure-port=0",
      "--profiling=false",
      "--kube-api-qps=200",
      "--kube-api-burst=400",
    ],
    kwok: () => [
      `--kubeconfig=${partKubeconfig(part, paths)}`,
      `--config=${paths.kwokConfig}`,
      "--manage-all-nodes=true",
      // Addresses of simulated Pods, enough for thousands. Nothing listens there.
      "--cidr=10.244.0.0/16",
    ],
    "process-kubelet": () => [
      ...["-c", restartIfKilled, "process-kubelet", process.execPath],
      join(repositoryRoot, "twin/kubelet/process-kubelet.ts"),
      cluster.accountId,
      cluster.name,
      ...(runsContainers ? ["--containers"] : []),
    ],
  };
  return {
    name,
    command: part === "process-kubelet" ? "/bin/sh" : binary(part),
    args: args[part](),
    cwd: part === "kwok" ? paths.kwok : paths.etcd,
    // KWOK keeps a work directory below HOME.
    env: part === "process-kubelet" ? { ...environment } : { HOME: paths.kwok },
  };
}
