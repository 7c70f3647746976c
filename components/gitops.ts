import { chartPath } from "../catalog/chart.ts";
import { reservedNamespaces } from "../catalog/service.ts";
import { applicationsFolder, serviceFileEnding, type Environment } from "../config/environments.ts";
import type { Settings } from "../config/schema.ts";
import { argoCdNamespace } from "./argocd-config.ts";

/** The Argo CD and Image Updater resources that deploy the services, as data. */

/** Every service's Application is in this project. */
const projectName = "services";
/** The cluster Argo CD runs in, by the only name an Application may use for it. */
const ownCluster = "https://kubernetes.default.svc";

/**
 * What the standard chart renders, and so all that an Application may make; ReplicaSet and Pod because Argo CD leaves
 * out of an Application's tree what its project does not allow, and the images that run (which Image Updater goes by)
 * are the Pods'.
 */
const serviceKinds = [
  { group: "", kind: "Pod" },
  { group: "", kind: "Service" },
  { group: "", kind: "ServiceAccount" },
  { group: "apps", kind: "Deployment" },
  { group: "apps", kind: "ReplicaSet" },
  { group: "autoscaling", kind: "HorizontalPodAutoscaler" },
  { group: "networking.k8s.io", kind: "Ingress" },
  { group: "networking.k8s.io", kind: "NetworkPolicy" },
  { group: "policy", kind: "PodDisruptionBudget" },
];

/** What decides how an environment's services are deployed. */
export interface GitOps {
  readonly environment: Environment;
  readonly repository: { readonly url: string; readonly branch: string };
  readonly sync: "automated" | "manual";
  /** Whether a service outlives its file and its Application: no mistake in git can then stop it. */
  readonly keepsServices: boolean;
  /** Seconds between two looks of an Application at git. The folder of service files is looked at four times as often. */
  readonly reconciliationSeconds: number;
}

/** How an environment's services are deployed, by its settings. */
export function gitOpsOf(
  environment: Environment,
  { repository, cluster, argoCd }: Pick<Settings, "repository" | "cluster" | "argoCd">,
): GitOps {
  return {
    environment,
    repository,
    sync: argoCd.sync,
    // Lifting the cluster's protection is the first step of a teardown: from then on services go with the stack.
    keepsServices: argoCd.sync === "manual" && cluster.deletionProtection,
    reconciliationSeconds: argoCd.reconciliationSeconds,
  };
}

/** A service as image updates see it. */
export interface UpdatedService {
  /** Name of the service: of its file and its Application. */
  readonly name: string;
  /** Full image name without a tag. */
  readonly image: string;
}

/** What the services' Applications may use: this repository, their own namespaces, the kinds of the standard chart. */
export function appProject({ environment, repository, sync }: GitOps) {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: projectName, namespace: argoCdNamespace },
    spec: {
      description: `The services of ${environment}`,
      sourceRepos: [repository.url],
      // A namespace is named after its service, and a new service is a new file alone: so any but the reserved ones.
      destinations: [
        ...reservedNamespaces.map((namespace) => ({
          server: ownCluster,
          namespace: `!${namespace}`,
        })),
        { server: ownCluster, namespace: "*" },
      ],
      clusterResourceWhitelist: [{ group: "", kind: "Namespace" }],
      namespaceResourceWhitelist: serviceKinds,
      // Denies every automated sync at any time, even one that somebody switches on in the cluster by hand.
      ...(sync === "manual" && {
        syncWindows: [
          {
            kind: "deny",
            schedule: "0 0 * * *",
            duration: "24h",
            applications: ["*"],
            manualSync: true,
          },
        ],
      }),
    },
  };
}

/**
 * The project that Argo CD makes by itself at its first start, where it allows everything. Taken over and emptied: an
 * Application that somebody puts into it can do nothing.
 */
export function emptyDefaultProject() {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: {
      name: "default",
      namespace: argoCdNamespace,
      // Argo CD owns the fields that this empties.
      annotations: { "pulumi.com/patchForce": "true" },
    },
    spec: {
      description: "Nothing: every service is in its own project",
      sourceRepos: [],
      destinations: [],
      clusterResourceWhitelist: [],
    },
  };
}

/** How an Application syncs, by the stack's setting. */
const syncPolicies = { automated: { automated: { prune: true, selfHeal: true } }, manual: {} };

/** Label of an Application: whether its service file has a `hold`. Image updates go by it, so a hold is a commit alone. */
const holdLabel = "idp/hold";

/** What becomes of a service whose file goes, or whose whole stack. */
const kept = {
  syncPolicy: { applicationsSync: "create-update", preserveResourcesOnDeletion: true },
  finalizers: [],
};
const deleted = {
  syncPolicy: { applicationsSync: "sync", preserveResourcesOnDeletion: false },
  // The Application takes along what it made, so that a load balancer goes before the cluster it belongs to.
  finalizers: ["resources-finalizer.argocd.argoproj.io"],
};

/** One Application for each service file of the environment. */
export function applicationSet(gitOps: GitOps) {
  const { environment, repository, sync, keepsServices, reconciliationSeconds } = gitOps;
  const { syncPolicy, finalizers } = keepsServices ? kept : deleted;
  const folder = applicationsFolder(environment);
  const service = `{{ trimSuffix "${serviceFileEnding}" .path.filename }}`;
  const file = `/${folder}/{{ .path.filename }}`;
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "ApplicationSet",
    metadata: { name: projectName, namespace: argoCdNamespace },
    spec: {
      goTemplate: true,
      goTemplateOptions: ["missingkey=error"],
      generators: [
        {
          git: {
            repoURL: repository.url,
            revision: repository.branch,
            files: [{ path: `${folder}/*${serviceFileEnding}` }],
            // Sooner than the Applications look: a new file is a new service, and a hold a label, in a quarter of that.
            requeueAfterSeconds: Math.ceil(reconciliationSeconds / 4),
          },
        },
      ],
      syncPolicy,
      template: {
        metadata: {
          name: service,
          // The generator gives a file's keys as they are: one that is missing must be asked for by name.
          labels: { [holdLabel]: `{{ hasKey . "hold" }}` },
          // A commit that touches neither the chart nor the file renders nothing anew.
          annotations: {
            "argocd.argoproj.io/manifest-generate-paths": `/${chartPath};${file}`,
          },
          finalizers,
        },
        spec: {
          project: projectName,
          source: {
            repoURL: repository.url,
            targetRevision: repository.branch,
            path: chartPath,
            helm: { releaseName: service, valueFiles: [file] },
          },
          destination: { server: ownCluster, namespace: service },
          syncPolicy: {
            ...syncPolicies[sync],
            managedNamespaceMetadata: {
              labels: { "pod-security.kubernetes.io/enforce": "restricted" },
            },
            syncOptions: ["CreateNamespace=true", "ServerSideApply=true", "PruneLast=true"],
            retry: { limit: 5, backoff: { duration: "5s", factor: 2, maxDuration: "3m" } },
          },
        },
      },
    },
  };
}

/** Which tags each strategy takes. */
const tagRules = {
  "newest-build": { updateStrategy: "newest-build", allowTags: "regexp:^sha-[0-9a-f]{7}$" },
  semver: { updateStrategy: "semver", allowTags: "regexp:^v[0-9]+\\.[0-9]+\\.[0-9]+$" },
} as const;

/** The image updates of an environment: for each service the tag line of its file, written to the branch. */
export function imageUpdates(
  { environment, repository }: Pick<GitOps, "environment" | "repository">,
  strategy: keyof typeof tagRules,
  services: readonly UpdatedService[],
) {
  return {
    apiVersion: "argocd-image-updater.argoproj.io/v1alpha1",
    kind: "ImageUpdater",
    metadata: { name: projectName, namespace: argoCdNamespace },
    spec: {
      applicationRefs: services.map(({ name, image }) => ({
        namePattern: name,
        labelSelectors: { matchLabels: { [holdLabel]: "false" } },
        images: [
          {
            alias: "service",
            imageName: image,
            commonUpdateSettings: tagRules[strategy],
            manifestTargets: { helm: { name: "image.repository", tag: "image.tag" } },
          },
        ],
        writeBackConfig: {
          method: "git",
          gitConfig: {
            branch: repository.branch,
            // The leading slash makes it a path from the repository's root, not from the chart.
            writeBackTarget: `helmvalues:/${applicationsFolder(environment)}/${name}${serviceFileEnding}`,
          },
        },
      })),
    },
  };
}
