import type { BinaryName } from "../toolchain/tools.ts";

/** This machine's port for a container port. */
type PortOf = (containerPort: number) => number;

/** A container that runs as a process of this machine: how to recognise it and how to start its program. */
export interface Workload {
  /** The Pod's label app.kubernetes.io/name, as the project's own manifests set it. */
  readonly appName: string;
  /** The container's name. */
  readonly container: string;
  /** The image's repository without its host, so that a mirror matches too. */
  readonly image: string;
  /** Runs only in the Pod whose name ends with this. */
  readonly podNameSuffix?: string;
  readonly program: BinaryName;
  /** The container ports that it listens on. */
  readonly ports: readonly number[];
  /**
   * Arguments that bind the program to 127.0.0.1 and its ports, and others that it needs here. They come last and override
   * the Pod's.
   */
  readonly listenArguments: (port: PortOf, namespace: string) => readonly string[];
  /**
   * What the Pod's command and arguments are: the program's name and its arguments; only arguments for the image's entry
   * point; or a command line for another program, which is not passed on.
   */
  readonly podCommand: "program and arguments" | "arguments" | "for another program";
  /**
   * Variables that tell the program where to find files of its image. Paths are the container's; they are rewritten like
   * the Pod's own. The Pod's variables override these.
   */
  readonly environment?: Readonly<Record<string, string>>;
  /** Variables that the program expects under another name than the Pod's: the Pod's name by the program's name. */
  readonly aliases?: Readonly<Record<string, string>>;
  /**
   * Variables that hold the address of a Service, with the address that the program uses if they are not set. They replace
   * cluster DNS and kube-proxy: each address becomes a port of 127.0.0.1 (kubelet/service-ports.ts).
   */
  readonly serviceVariables?: Readonly<Record<string, string>>;
  /** Its own Services that people and scripts call, such as the web interface. They get a port before it starts. */
  readonly publishedServices?: readonly string[];
  /** Folders of the image that the variables above name and on which no volume is mounted. */
  readonly imageFolders?: readonly string[];
}

/** Replaced by the path of a socket, because socket paths must be short and Pod folders are not. */
export const socketPlaceholder = "{socket}";

const argoCd = {
  image: "argoproj/argocd",
  podCommand: "program and arguments",
  imageFolders: ["/app/config", "/home/argocd", "/shared/app"],
} as const;

const argoCdEnvironment = {
  // With it the destination https://kubernetes.default.svc is the cluster of KUBECONFIG.
  ARGOCD_FAKE_IN_CLUSTER: "true",
  // Commit signatures need gpg and a keyring; the platform does not use them.
  ARGOCD_GPG_ENABLED: "false",
  ARGOCD_APP_CONF_PATH: "/app/config",
  ARGOCD_TLS_DATA_PATH: "/app/config/tls",
  ARGOCD_SSH_DATA_PATH: "/app/config/ssh",
  ARGOCD_GPG_DATA_PATH: "/app/config/gpg/source",
  ARGOCD_GNUPGHOME: "/app/config/gpg/keys",
  ARGOCD_PLUGINSOCKFILEPATH: "/home/argocd/cmp-server/plugins",
  ARGOCD_ENABLE_PROFILER_FILE_PATH: "/home/argocd/params/profiler.enabled",
  ARGOCD_SERVER_STATIC_ASSETS: "/shared/app",
  // The default is a file in /tmp, over which the repo servers of three accounts would fight.
  ARGOCD_ASK_PASS_SOCK: socketPlaceholder,
};

/** The paths of the certificates for optional TLS to the repo server, for the part of Argo CD with this prefix. */
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
  listenArguments: (port: PortOf) => [`-address=127.0.0.1:${port(6379)}`],
  // The Pod's arguments are for the real redis and hold the password.
  podCommand: "for another program",
} as const satisfies Partial<Workload>;

const redisPassword = {
  container: "secret-init",
  program: "argocd",
  ports: [],
  listenArguments: () => [],
} as const satisfies Partial<Workload>;

/**
 * The containers that run for real, out of Argo CD's and Image Updater's own manifests, in both flavours. All other
 * containers of their Pods are simulated (copyutil, which puts a binary where a sidecar would find it; sentinel; haproxy),
 * and all other Pods are KWOK's.
 *
 * Argo CD's redis is a cache. In the HA flavour the first of the three redis Pods runs the account's only server; the
 * Service argocd-redis-ha-haproxy leads to it (see {@link standInApps}).
 */
export const workloads: readonly Workload[] = [
  {
    ...argoCd,
    appName: "argocd-server",
    container: "argocd-server",
    program: "argocd-server",
    ports: [8080, 8083],
    listenArguments: (port) => [
      "--address=127.0.0.1",
      `--port=${port(8080)}`,
      "--metrics-address=127.0.0.1",
      `--metrics-port=${port(8083)}`,
    ],
    environment: { ...argoCdEnvironment, ...repoServerClientPaths("SERVER_") },
    serviceVariables: {
      ARGOCD_SERVER_REPO_SERVER: repoServer,
      ARGOCD_SERVER_DEX_SERVER: "argocd-dex-server:5556",
      REDIS_SERVER: redis,
    },
    publishedServices: ["argocd-server:443"],
  },
  {
    ...argoCd,
    appName: "argocd-repo-server",
    container: "argocd-repo-server",
    program: "argocd-repo-server",
    ports: [8081, 8084],
    listenArguments: (port) => [
      "--address=127.0.0.1",
      `--port=${port(8081)}`,
      "--metrics-address=127.0.0.1",
      `--metrics-port=${port(8084)}`,
    ],
    environment: {
      ...argoCdEnvironment,
      ARGOCD_REPO_SERVER_CLIENT_CA_PATH: "/app/config/reposerver/mtls/client-ca.crt",
    },
    serviceVariables: { REDIS_SERVER: redis },
  },
  {
    ...argoCd,
    appName: "argocd-application-controller",
    container: "argocd-application-controller",
    program: "argocd-application-controller",
    ports: [8082],
    listenArguments: (port) => [`--metrics-port=${port(8082)}`],
    environment: { ...argoCdEnvironment, ...repoServerClientPaths("APPLICATION_CONTROLLER_") },
    serviceVariables: {
      ARGOCD_APPLICATION_CONTROLLER_REPO_SERVER: repoServer,
      ARGOCD_APPLICATION_CONTROLLER_COMMIT_SERVER: "argocd-commit-server:8086",
      REDIS_SERVER: redis,
    },
  },
  {
    ...argoCd,
    appName: "argocd-applicationset-controller",
    container: "argocd-applicationset-controller",
    program: "argocd-applicationset-controller",
    ports: [7000, 8080, 8081],
    listenArguments: (port) => [
      `--webhook-addr=127.0.0.1:${port(7000)}`,
      `--metrics-addr=127.0.0.1:${port(8080)}`,
      `--probe-addr=127.0.0.1:${port(8081)}`,
    ],
    environment: { ...argoCdEnvironment, ...repoServerClientPaths("APPLICATIONSET_CONTROLLER_") },
    serviceVariables: { ARGOCD_APPLICATIONSET_CONTROLLER_REPO_SERVER: repoServer },
    publishedServices: ["argocd-applicationset-controller:7000"],
  },
  { ...argoCd, ...redisPassword, appName: "argocd-redis" },
  { ...redisServer, appName: "argocd-redis" },
  { ...argoCd, ...redisPassword, appName: "argocd-redis-ha-haproxy" },
  {
    ...redisServer,
    appName: "argocd-redis-ha",
    podNameSuffix: "-server-0",
    aliases: { REDIS_PASSWORD: "AUTH" },
  },
  {
    appName: "argocd-image-updater",
    container: "argocd-image-updater-controller",
    image: "argoprojlabs/argocd-image-updater",
    podCommand: "arguments",
    program: "argocd-image-updater",
    ports: [8081, 8082, 8443],
    listenArguments: (port, namespace) => [
      `--health-probe-bind-address=127.0.0.1:${port(8081)}`,
      `--metrics-bind-address=127.0.0.1:${port(8443)}`,
      `--webhook-port=${port(8082)}`,
      // Otherwise it is read from a file of the image.
      `--leader-election-namespace=${namespace}`,
      // The compiled-in defaults are paths of the image.
      "--registries-conf-path=/app/config/registries.conf",
      "--git-commit-message-path=/app/config/commit.template",
    ],
    environment: {
      ARGOCD_TLS_DATA_PATH: "/app/config/tls",
      ARGOCD_SSH_DATA_PATH: "/app/config/ssh",
      ARGOCD_ASK_PASS_SOCK: socketPlaceholder,
    },
    imageFolders: ["/app/config", "/app/.ssh"],
  },
];

/** The label app.kubernetes.io/name of the Pods that answer for a Service whose own Pods are simulated, by Service. */
export const standInApps: Readonly<Record<string, string>> = {
  "argocd-redis-ha-haproxy": "argocd-redis-ha",
};

const nameLabel = "app.kubernetes.io/name";

/** What decides whether a container really runs. */
export interface ContainerIdentity {
  readonly podName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly container: string;
  readonly image: string;
}

/** Returns how a container runs, or undefined for one that is simulated. */
export function workloadOf({
  podName,
  labels,
  container,
  image,
}: ContainerIdentity): Workload | undefined {
  return workloads.find(
    (row) =>
      row.appName === labels[nameLabel] &&
      row.container === container &&
      new RegExp(imagePattern(row.image)).test(image) &&
      podName.endsWith(row.podNameSuffix ?? ""),
  );
}

function imagePattern(repository: string): string {
  return `(^|/)${repository}([:@]|$)`;
}

/** Label selector of the Pods that may have a row. The process kubelet watches these. */
export const processPodSelector = `${nameLabel} in (${[...new Set(workloads.map(({ appName }) => appName))].join(",")})`;

/** {@link workloadOf} for a whole Pod, as a jq program for KWOK. It yields the name of each container that has a row. */
export const processPodQuery = `. as $pod | ((.spec.initContainers // []) + .spec.containers)[] | select(${workloads
  .map((row) =>
    [
      `($pod.metadata.labels["${nameLabel}"] // "") == "${row.appName}"`,
      `.name == "${row.container}"`,
      `(.image | test("${imagePattern(row.image)}"))`,
      ...(row.podNameSuffix === undefined
        ? []
        : [`($pod.metadata.name | endswith("${row.podNameSuffix}"))`]),
    ].join(" and "),
  )
  .map((condition) => `(${condition})`)
  .join(" or ")}) | .name`;
