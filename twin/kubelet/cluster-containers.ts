import { execa } from "execa";
import { join } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { cacheDir } from "../../lib/paths.ts";
import { environments } from "../../config/environments.ts";
import type { ClusterPaths, ClusterRecord } from "../cluster/cluster.ts";
import { isContainerPod, simulatedAnnotation } from "../cluster/container-pods.ts";
import { unlessStatus } from "../cluster/kube-api.ts";
import type { KubeApi } from "../cluster/kube-api.ts";
import * as processes from "../process/processes.ts";
import { requireTwin, twinAccounts, twinRegistry } from "../state/twin.ts";
import { binaryPath } from "../toolchain/locate.ts";
import { dnsAddress, networkTable } from "./cluster-network.ts";
import { identityOf, simulationReason } from "./container-choice.ts";
import { ContainerNode } from "./container-node.ts";
import { architectureOf, ImageStore } from "./image-store.ts";
import type { ServicePort } from "../cluster/ports-file.ts";
import { Ingress, routeOf, servicePortOf } from "./ingress.ts";
import { podPath } from "./pod.ts";
import type { Pod } from "./pod.ts";
import { NetworkNamespace, NetworkPod, NetworkPolicy, NetworkService } from "./network-objects.ts";
import { isPodAddress } from "./pod-address.ts";
import { Podbox } from "./podbox.ts";
import { PodboxRuntime } from "./podbox-runtime.ts";
import { Reflector } from "./reflector.ts";
import type { PodParts, Runtime } from "./runtime.ts";

/** What {@link startContainers} needs. */
export interface ContainersParts {
  readonly api: KubeApi;
  readonly cluster: ClusterRecord;
  readonly paths: ClusterPaths;
  /** Start of the names of the cluster's processes. */
  readonly prefix: string;
  /** A Service is there or has changed. */
  readonly onService: (service: NetworkService) => void;
  readonly onServiceGone: (service: NetworkService) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
}

/** The Pods of a cluster that run as containers. */
export interface Containers {
  readonly node: ContainerNode;
  /** All Services that there are now. */
  services(): readonly NetworkService[];
  /** The Service port that the Ingresses name for a request; undefined where they name none. */
  ingressTarget(host: string, path: string): ServicePort | undefined;
  /**
   * How a Pod's containers run; undefined for a Pod that is not to run as containers. One that cannot is marked with the
   * reason: KWOK takes it then.
   */
  runtimeOf(pod: Pod): Promise<((parts: PodParts) => Runtime) | undefined>;
}

/** The Service `kubernetes`: the first address of the Services' range (cluster/parts.ts). */
const apiServer = { host: "172.20.0.1", port: 443 };

/** Starts the node of a cluster's containers, and keeps its network up to date. */
export async function startContainers(parts: ContainersParts): Promise<Containers> {
  const { api, cluster, paths, prefix, clock, signal, log } = parts;
  const podbox = new Podbox(join(paths.podbox, "node.sock"));
  const program = binaryPath("podbox");
  const changed = (): void => {
    node.networkChanged();
  };
  const following = { api, clock, signal, onChange: changed, onGone: changed, onListed: changed };
  const services = new Reflector({
    ...following,
    path: "/api/v1/services",
    schema: NetworkService,
    onChange: (service) => {
      changed();
      parts.onService(service);
    },
    onGone: (_key, service) => {
      changed();
      parts.onServiceGone(service);
    },
  });
  const pods = new Reflector({ ...following, path: "/api/v1/pods", schema: NetworkPod });
  const namespaces = new Reflector({
    ...following,
    path: "/api/v1/namespaces",
    schema: NetworkNamespace,
  });
  const policies = new Reflector({
    ...following,
    path: "/apis/networking.k8s.io/v1/networkpolicies",
    schema: NetworkPolicy,
  });
  const ingresses = new Reflector({
    ...{ api, clock, signal, onChange: () => undefined, onGone: () => undefined },
    path: "/apis/networking.k8s.io/v1/ingresses",
    schema: Ingress,
  });
  const node = new ContainerNode({
    podbox,
    spec: {
      name: `${prefix}podbox`,
      command: program,
      args: [
        ...["node", paths.podbox, "--kubelet", `127.0.0.1:${cluster.kubeletPort}`],
        ...["--certificates", paths.kubeletPki],
      ],
      env: {},
    },
    startProcess: processes.startProcess,
    isRunning: processes.isRunning,
    table: () =>
      networkTable({
        services: services.values(),
        // A simulated Pod answers nobody.
        pods: pods.values().filter(({ status }) => isPodAddress(status?.podIP)),
        namespaces: namespaces.values(),
        policies: policies.values(),
        outside: { [`${apiServer.host}:${apiServer.port}`]: `127.0.0.1:${cluster.port}` },
      }),
    clock,
    signal,
    log,
  });
  await Promise.all([services, pods, namespaces, policies, ingresses].map(({ ready }) => ready));
  await node.start();
  const images = new ImageStore({
    folder: join(cacheDir(), "images"),
    registryOf,
    podbox: (args) => execa(program, [...args]),
    architecture: architectureOf(process.arch),
  });
  const machine = { podbox, images, dns: dnsAddress, apiServer };
  return {
    node,
    services: () => services.values(),
    ingressTarget: (host, path) => {
      const target = routeOf(ingresses.values(), host, path);
      return target && servicePortOf(target, services.get(`${target.namespace}/${target.service}`));
    },
    runtimeOf: async (pod) => {
      if (!isContainerPod(identityOf(pod))) return undefined;
      const reason = await simulationReason(pod, images);
      if (reason === undefined) return (podParts) => new PodboxRuntime(podParts, machine);
      log(`${pod.metadata.namespace}/${pod.metadata.name} is simulated: ${reason}`);
      const metadata = { annotations: { [simulatedAnnotation]: reason } };
      await unlessStatus(404, api.patch(podPath(pod), { metadata }, "merge-patch"));
      return undefined;
    },
  };
}

function registryOf(account: string) {
  const environment = environments.find((one) => twinAccounts[one].accountId === account);
  return environment && twinRegistry(requireTwin(), environment);
}
