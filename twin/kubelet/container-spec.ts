import { join } from "node:path";
import { commandLine } from "./image-config.ts";
import type { ImageConfig } from "./image-config.ts";
import { PodConfigError } from "./pod.ts";
import type { Container, Pod, Sources, Volume } from "./pod.ts";
import { expand, podEnvironment } from "./pod-environment.ts";
import type { ContainerSpec, Mount } from "./podbox.ts";
import { quantityValue } from "./quantity.ts";

/** Everything that decides how a container is started. Paths are absolute. */
export interface ContainerPlan {
  readonly pod: Pod;
  readonly container: Container;
  readonly sources: Sources;
  /** The image's configuration. */
  readonly image: ImageConfig;
  /** Folder of the unpacked image. */
  readonly imageFolder: string;
  /** Folder that the container's own changes to its files go to. */
  readonly scratch: string;
  /** File with the container's output. */
  readonly log: string;
  /** Folder with a folder for each volume that only this container sees: ConfigMaps, secrets, tokens. */
  readonly volumes: string;
  /** Folder with a folder for each emptyDir: the Pod's containers share them. */
  readonly shared: string;
  /** Folder of the files that {@link etcFiles} describes. */
  readonly etc: string;
  /** Where the container finds the API server: the address of its Service. */
  readonly apiServer: { readonly host: string; readonly port: number };
  /** Variables that give the Pod its AWS credentials. The Pod's own come first. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** Paths in every container that are the Pod's, not the image's, by their name in the Pod's folder. */
const etcPaths = {
  hosts: "/etc/hosts",
  hostname: "/etc/hostname",
  "resolv.conf": "/etc/resolv.conf",
} as const;

/** What a container has without being told: containerd's PATH, and the home folder of a user that no file names. */
const defaults = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/",
};

const hostnameLimit = 63;
const mebibyte = 2 ** 20;
/** An emptyDir of at most this size is a file system in memory, which keeps to its size. */
const memoryVolumeLimit = 256 * mebibyte;

/**
 * How podbox starts a container.
 *
 * The image's user is ignored: every container runs as the one user that podbox has.
 * @throws PodConfigError when a source of a variable does not exist (yet), a mount names no volume, a quantity is none, or
 *   there is no program
 */
export function containerSpec(plan: ContainerPlan): ContainerSpec {
  const { pod, container, image } = plan;
  const variables = kubeletVariables(plan);
  const expanded = (words: readonly string[] = []): string[] =>
    words.map((word) => expand(word, variables));
  const args = commandLine(
    { command: expanded(container.command), args: expanded(container.args) },
    image,
  );
  if (args.length === 0) {
    throw new PodConfigError(
      `container ${container.name} has no program: neither its image nor its command names one`,
    );
  }
  const environment = {
    ...defaults,
    HOSTNAME: hostnameOf(pod),
    ...imageVariables(image),
    ...variables,
  };
  return {
    image: plan.imageFolder,
    scratch: plan.scratch,
    hostname: hostnameOf(pod),
    args,
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    cwd: container.workingDir || image.config?.WorkingDir || "/",
    mounts: mountsOf(plan),
    readOnlyRoot: container.securityContext?.readOnlyRootFilesystem ?? false,
    log: plan.log,
    memoryLimitBytes: quantityValue(container.resources?.limits?.["memory"] ?? "0"),
  };
}

/** A Pod's host name: its own, as far as Linux takes it. */
export function hostnameOf({ metadata }: Pod): string {
  return metadata.name.slice(0, hostnameLimit).replace(/[-.]+$/, "");
}

/**
 * The files in `/etc` that a kubelet writes for a Pod's containers, by name.
 * @param dns address of the cluster's DNS
 */
export function etcFiles(
  pod: Pod,
  podIP: string,
  dns: string,
): Readonly<Record<keyof typeof etcPaths, string>> {
  const hostname = hostnameOf(pod);
  const domain = "svc.cluster.local";
  return {
    hosts: lines(
      "# Kubernetes-managed hosts file.",
      "127.0.0.1\tlocalhost",
      "::1\tlocalhost ip6-localhost ip6-loopback",
      `${podIP}\t${hostname}`,
    ),
    hostname: lines(hostname),
    "resolv.conf": lines(
      `search ${pod.metadata.namespace}.${domain} ${domain} cluster.local`,
      `nameserver ${dns}`,
      "options ndots:5",
    ),
  };
}

function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

/** What a kubelet gives to a container. The Pod's own variables come first, in their order. */
function kubeletVariables({
  container,
  sources,
  apiServer,
  credentials,
}: ContainerPlan): Record<string, string> {
  const variables = podEnvironment(container, sources);
  return {
    ...variables,
    ...unlessIn(variables, credentials),
    ...unlessIn(variables, {
      KUBERNETES_SERVICE_HOST: apiServer.host,
      KUBERNETES_SERVICE_PORT: String(apiServer.port),
    }),
  };
}

function unlessIn(
  known: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(more).filter(([name]) => !(name in known)));
}

function imageVariables({ config }: ImageConfig): Record<string, string> {
  return Object.fromEntries(
    (config?.Env ?? []).map((variable) => {
      const [name = "", ...value] = variable.split("=");
      return [name, value.join("=")];
    }),
  );
}

function mountsOf(plan: ContainerPlan): Mount[] {
  const mounts = (plan.container.volumeMounts ?? []).map((mount) => volumeMount(mount, plan));
  const taken = new Set(mounts.map(({ target }) => target));
  const etc = Object.entries(etcPaths)
    .filter(([, target]) => !taken.has(target))
    .map(([name, target]) => bind(join(plan.etc, name), target, true));
  // An outer mount comes before those inside it.
  return [...etc, ...mounts].sort((a, b) => depthOf(a.target) - depthOf(b.target));
}

function depthOf(path: string): number {
  return path.split("/").filter((name) => name !== "").length;
}

type VolumeMount = NonNullable<Container["volumeMounts"]>[number];

function volumeMount(mount: VolumeMount, plan: ContainerPlan): Mount {
  const { name, mountPath: target, subPath = "", readOnly = false } = mount;
  const volume = plan.pod.spec.volumes.find((candidate) => candidate.name === name);
  if (volume === undefined) throw new PodConfigError(`mount ${target} names no volume: ${name}`);
  if (volume.emptyDir === undefined) return bind(join(plan.volumes, name, subPath), target, true);
  const sizeMiB = memoryMiB(volume, plan);
  if (sizeMiB === undefined) return bind(join(plan.shared, name, subPath), target, readOnly);
  return { source: "", target, readOnly, sizeMiB };
}

function bind(source: string, target: string, readOnly: boolean): Mount {
  return { source, target, readOnly, sizeMiB: 0 };
}

/**
 * The size of an emptyDir that is a file system in memory; undefined for one that is a folder. A folder has no limit. What
 * is in memory belongs to one mount and ends with its container: an emptyDir that is mounted twice must be a folder. After a
 * restart of its container the emptyDir in memory is empty, which in a cluster it is not.
 */
function memoryMiB(
  { name, emptyDir }: Volume,
  { pod, container }: ContainerPlan,
): number | undefined {
  const { medium, sizeLimit } = emptyDir ?? {};
  const mounts = [...pod.spec.initContainers, ...pod.spec.containers]
    .flatMap(({ volumeMounts = [] }) => volumeMounts)
    .filter((mount) => mount.name === name);
  const isMountedOnce = mounts.length === 1 && mounts.every(({ subPath = "" }) => subPath === "");
  if (!isMountedOnce) return undefined;
  const isInMemory = medium === "Memory";
  // Kubernetes gives one in memory without a limit of its own the container's.
  const limit = sizeLimit ?? (isInMemory ? container.resources?.limits?.["memory"] : undefined);
  const bytes = quantityValue(limit ?? "0");
  if (bytes <= 0 || (!isInMemory && bytes > memoryVolumeLimit)) return undefined;
  return Math.ceil(bytes / mebibyte);
}
