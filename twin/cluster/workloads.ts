import type { BinaryName } from "../toolchain/tools.ts";

/** Gives the port of this machine that plays a container port. */
export type PortOf = (containerPort: number) => number;

/** A container that runs as a process of this machine. */
export interface Workload {
  /** The Pod's label app.kubernetes.io/name, as the project's own manifests set it. */
  readonly pod: string;
  /** The container's name. */
  readonly container: string;
  /** The image's repository, without host; any host serves (mirrors). */
  readonly image: string;
  /** Runs only in the Pod whose name ends with this. */
  readonly podSuffix?: string;
  readonly program: BinaryName;
  /** Container ports that it listens on. */
  readonly ports: readonly number[];
  /** Arguments that bind it to 127.0.0.1 and its ports, and others it needs here. They come last and win over the Pod's. */
  readonly listen: (port: PortOf, namespace: string) => readonly string[];
  /**
   * What the Pod's command and arguments are: the program's name and its arguments; arguments for the image's entry
   * point; or words for another program, which are not passed on.
   */
  readonly words: "program and arguments" | "arguments" | "for another program";
  /**
   * Variables that the program needs to find here what its image has elsewhere. Paths are the container's; they are
   * rewritten like the Pod's own. The Pod's variables win.
   */
  readonly environment?: Readonly<Record<string, string>>;
  /** Variables that the program knows by another name than the Pod: the Pod's name, by the program's. */
  readonly aliases?: Readonly<Record<string, string>>;
  /**
   * Variables that hold the address of a Service, and the address that the program takes when they are not set. This is
   * the cluster DNS and kube-proxy of the program: each address becomes a port of 127.0.0.1 (service-ports.ts).
   */
  readonly services?: Readonly<Record<string, string>>;
  /** Services of its own that people and scripts call, such as the web interface: they get a port at once. */
  readonly publishes?: readonly string[];
  /** Folders of the image that are no mounts and that the variables above name. */
  readonly folders?: readonly string[];
}

/** Replaced by the path of a socket: socket paths must be short, Pod folders are not. */
export const socketPlaceholder = "{socket}";

const argoCd = {
  image: "argoproj/argocd",
  words: "program and arguments",
  folders: ["/app/config", "/home/argocd", "/shared/app"],
} as const;

const argoCdEnvironment = {
  // Destination https://kubernetes.default.svc is then the cluster of KUBECONFIG.
  ARGOCD_FAKE_IN_CLUSTER: "true",
  // Commit signatures need gpg and a keyring; nothing in the platform asks for them.
  ARGOCD_GPG_ENABLED: "false",
  ARGOCD_APP_CONF_PATH: "/app/config",
  ARGOCD_TLS_DATA_PATH: "/app/config/tls",
  ARGOCD_SSH_DATA_PATH: "/app/config/ssh",
  ARGOCD_GPG_DATA_PATH: "/app/config/gpg/source",
  ARGOCD_GNUPGHOME: "/app/config/gpg/keys",
  ARGOCD_PLUGINSOCKFILEPATH: "/home/argocd/cmp-server/plugins",
  ARGOCD_ENABLE_PROFILER_FILE_PATH: "/home/argocd/params/profiler.enabled",
  ARGOCD_SERVER_STATIC_ASSETS: "/shared/app",
  // By default a file in /tmp: the repo servers of three accounts would take it from each other.
  ARGOCD_ASK_PASS_SOCK: socketPlaceholder,
};

/** Where the certificates of an optional TLS between Argo CD's parts are, for the part with this prefix. */
function repoServerClientPaths(prefix: string): Record<string, string> {
  return {
    [`ARGOCD_${prefix}REPO_SERVER_CLIENT_CERT_PATH`]: "/app/config/reposerver/mtls/client.crt",
    [`ARGOCD_${prefix}REPO_SERVER_CLIENT_CERT_KEY_PATH`]: "/app/config/reposerver/mtls/client.key",
  };
}

const repoServer = "argocd-repo-server:8081";
const redis = "argocd-redis:6379";

const redisServer = {
  image: "library/redis",
  container: "redis",
  program: "redis-server",
  ports: [6379],
  listen: (port: PortOf) => [`-address=127.0.0.1:${port(6379)}`],
  // The Pod's arguments are redis's own and hold the password.
  words: "for another program",
} as const satisfies Partial<Workload>;

const redisPassword = {
  container: "secret-init",
  program: "argocd",
  ports: [],
  listen: () => [],
} as const satisfies Partial<Workload>;

/**
 * What runs for real, out of all Pods of Argo CD's and Image Updater's own manifests, in both flavours. Every other
 * container of such a Pod (copyutil, which puts a binary where a sidecar would find it; sentinel; haproxy) is only said
 * to run, and every other Pod is KWOK's.
 *
 * Argo CD's redis is a cache. In the HA flavour the first of the three redis Pods runs the one server that the account
 * has; Service argocd-redis-ha-haproxy leads to it (see {@link standIns}).
 */
export const workloads: readonly Workload[] = [
  {
    ...argoCd,
    pod: "argocd-server",
    container: "argocd-server",
    program: "argocd-server",
    ports: [8080, 8083],
    listen: (port) => [
      "--address=127.0.0.1",
      `--port=${port(8080)}`,
      "--metrics-address=127.0.0.1",
      `--metrics-port=${port(8083)}`,
    ],
    environment: { ...argoCdEnvironment, ...repoServerClientPaths("SERVER_") },
    services: {
      ARGOCD_SERVER_REPO_SERVER: repoServer,
      ARGOCD_SERVER_DEX_SERVER: "argocd-dex-server:5556",
      REDIS_SERVER: redis,
    },
    publishes: ["argocd-server:443"],
  },
  {
    ...argoCd,
    pod: "argocd-repo-server",
    container: "argocd-repo-server",
    program: "argocd-repo-server",
    ports: [8081, 8084],
    listen: (port) => [
      "--address=127.0.0.1",
      `--port=${port(8081)}`,
      "--metrics-address=127.0.0.1",
      `--metrics-port=${port(8084)}`,
    ],
    environment: {
      ...argoCdEnvironment,
      ARGOCD_REPO_SERVER_CLIENT_CA_PATH: "/app/config/reposerver/mtls/client-ca.crt",
    },
    services: { REDIS_SERVER: redis },
  },
  {
    ...argoCd,
    pod: "argocd-application-controller",
    container: "argocd-application-controller",
    program: "argocd-application-controller",
    ports: [8082],
    listen: (port) => [`--metrics-port=${port(8082)}`],
    environment: { ...argoCdEnvironment, ...repoServerClientPaths("APPLICATION_CONTROLLER_") },
    services: {
      ARGOCD_APPLICATION_CONTROLLER_REPO_SERVER: repoServer,
      ARGOCD_APPLICATION_CONTROLLER_COMMIT_SERVER: "argocd-commit-server:8086",
      REDIS_SERVER: redis,
    },
  },
  {
    ...argoCd,
    pod: "argocd-applicationset-controller",
    container: "argocd-applicationset-controller",
    program: "argocd-applicationset-controller",
    ports: [7000, 8080, 8081],
    listen: (port) => [
      `--webhook-addr=127.0.0.1:${port(7000)}`,
      `--metrics-addr=127.0.0.1:${port(8080)}`,
      `--probe-addr=127.0.0.1:${port(8081)}`,
    ],
    environment: { ...argoCdEnvironment, ...repoServerClientPaths("APPLICATIONSET_CONTROLLER_") },
    services: { ARGOCD_APPLICATIONSET_CONTROLLER_REPO_SERVER: repoServer },
    publishes: ["argocd-applicationset-controller:7000"],
  },
  { ...argoCd, ...redisPassword, pod: "argocd-redis" },
  { ...redisServer, pod: "argocd-redis" },
  { ...argoCd, ...redisPassword, pod: "argocd-redis-ha-haproxy" },
  {
    ...redisServer,
    pod: "argocd-redis-ha",
    podSuffix: "-server-0",
    aliases: { REDIS_PASSWORD: "AUTH" },
  },
  {
    pod: "argocd-image-updater",
    container: "argocd-image-updater-controller",
    image: "argoprojlabs/argocd-image-updater",
    words: "arguments",
    program: "argocd-image-updater",
    ports: [8081, 8082, 8443],
    listen: (port, namespace) => [
      `--health-probe-bind-address=127.0.0.1:${port(8081)}`,
      `--metrics-bind-address=127.0.0.1:${port(8443)}`,
      `--webhook-port=${port(8082)}`,
      // Read from a file of the image otherwise.
      `--leader-election-namespace=${namespace}`,
      // Compiled in as paths of the image.
      "--registries-conf-path=/app/config/registries.conf",
      "--git-commit-message-path=/app/config/commit.template",
    ],
    environment: {
      ARGOCD_TLS_DATA_PATH: "/app/config/tls",
      ARGOCD_SSH_DATA_PATH: "/app/config/ssh",
      ARGOCD_ASK_PASS_SOCK: socketPlaceholder,
    },
    folders: ["/app/config", "/app/.ssh"],
  },
];

/** Services whose own Pods only pretend: the label app.kubernetes.io/name of the Pods that answer for them. */
export const standIns: Readonly<Record<string, string>> = {
  "argocd-redis-ha-haproxy": "argocd-redis-ha",
};

const nameLabel = "app.kubernetes.io/name";

/** What decides whether a container runs. */
export interface Recognisable {
  readonly podName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly container: string;
  readonly image: string;
}

/** The row of a container; undefined for one that is only said to run. */
export function workloadOf({
  podName,
  labels,
  container,
  image,
}: Recognisable): Workload | undefined {
  return workloads.find(
    (row) =>
      row.pod === labels[nameLabel] &&
      row.container === container &&
      new RegExp(imagePattern(row.image)).test(image) &&
      podName.endsWith(row.podSuffix ?? ""),
  );
}

function imagePattern(repository: string): string {
  return `(^|/)${repository}([:@]|$)`;
}

/** Label selector of the Pods that may have a row: what the process kubelet watches. */
export const processPodSelector = `${nameLabel} in (${[...new Set(workloads.map(({ pod }) => pod))].join(",")})`;

/** {@link workloadOf} for a whole Pod, as a jq program for KWOK: yields a container's name where a row fits. */
export const processPodQuery = `. as $pod | ((.spec.initContainers // []) + .spec.containers)[] | select(${workloads
  .map((row) =>
    [
      `($pod.metadata.labels["${nameLabel}"] // "") == "${row.pod}"`,
      `.name == "${row.container}"`,
      `(.image | test("${imagePattern(row.image)}"))`,
      ...(row.podSuffix === undefined
        ? []
        : [`($pod.metadata.name | endswith("${row.podSuffix}"))`]),
    ].join(" and "),
  )
  .map((condition) => `(${condition})`)
  .join(" or ")}) | .name`;
