import { chartPath } from "../catalog/chart.ts";
import { tagPatterns } from "../catalog/schema.ts";
import { reservedNamespaces } from "../catalog/service.ts";
import { applicationsFolder, serviceFileEnding, type Environment } from "../config/environments.ts";
import type { Settings } from "../config/schema.ts";
import { argoCdNamespace } from "./argocd-config.ts";
import { writerSecret } from "./writer-secret.ts";

/** The Argo CD and Image Updater resources that deploy the services, as data. */

/** Every service's Application is in this project. */
const projectName = "services";
/** The cluster Argo CD runs in, by the only name an Application may use for it. */
const ownCluster = "https://kubernetes.default.svc";

/**
 * The kinds that the standard chart renders: an Application may make no others. ReplicaSet and Pod are among them
 * because Argo CD shows in an Application's tree only what its project allows, and Image Updater reads the images that
 * run from the Pods.
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
  /** Whether a service outlives its file and its Application. If so, no mistake in git can stop it. */
  readonly keepsServices: boolean;
  /** Seconds between two looks at git for an Application. The folder of service files is read four times as often. */
  readonly reconciliationSeconds: number;
  /** Whether Image Updater writes with an app of its own. @default no: with Argo CD's credentials of the repository */
  readonly hasWriter?: true;
}

/** Returns how an environment's services are deployed, from its settings. */
export function gitOpsOf(
  environment: Environment,
  settings: Pick<Settings, "repository" | "cluster" | "argoCd" | "images">,
): GitOps {
  const { repository, cluster, argoCd, images } = settings;
  return {
    environment,
    repository,
    sync: argoCd.sync,
    // Lifting the cluster's protection is the first step of a teardown: after it services are deleted with the stack.
    keepsServices: argoCd.sync === "manual" && cluster.deletionProtection,
    reconciliationSeconds: argoCd.reconciliationSeconds,
    ...(images.strategy !== "pinned" && images.writer && { hasWriter: true }),
  };
}

/** A service as image updates see it. */
export interface UpdatedService {
  /** Name of the service, its file and its Application. */
  readonly name: string;
  /** Full image name without a tag. */
  readonly image: string;
}

/** Returns the services' AppProject: it allows this repository, the services' namespaces, and the chart's kinds. */
export function appProject({ environment, repository, sync }: GitOps) {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "AppProject",
    metadata: { name: projectName, namespace: argoCdNamespace },
    spec: {
      description: `The services of ${environment}`,
      sourceRepos: [repository.url],
      // A namespace is named after its service, and a new service needs only a file: allow all but the reserved ones.
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
 * Returns Argo CD's `default` project, emptied. Argo CD makes it at its first start and lets it do everything; emptied,
 * an Application that somebody puts into it can do nothing.
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

/**
 * How an Application syncs, by the setting `argoCd.sync`. An automated sync that fails is tried again every ten seconds,
 * each time with the newest commit, so that a mend is not kept waiting; a try costs one render and one apply of one
 * service. It ends after an hour, and not never: Argo CD 3.6 deletes no Application whose operation has not ended
 * (`processAppOperationQueueItem`). A person's sync says itself how it is retried.
 */
const syncPolicies = {
  automated: {
    automated: { prune: true, selfHeal: true },
    retry: { limit: 360, refresh: true, backoff: { duration: "10s", factor: 1 } },
  },
  manual: {},
};

/** Label of an Application: whether its service file has a `hold`. Image Updater skips an Application that has one. */
const holdLabel = "idp/hold";

/** Labels of a service's namespace. */
const namespaceLabels = {
  "pod-security.kubernetes.io/enforce": "restricted",
  // A new Pod is ready once the load balancer's checks pass, and not before: a rolling update would else take the old
  // ones away too early. This is Auto Mode's label; a Pod behind no load balancer is left alone.
  "eks.amazonaws.com/pod-readiness-gate-inject": "enabled",
};

/** What happens to a service when its file, or the whole stack, is deleted: it is kept, or deleted as well. */
const kept = {
  syncPolicy: { applicationsSync: "create-update", preserveResourcesOnDeletion: true },
  // Not an empty list: Argo CD drops that when it writes the ApplicationSet, and the audit would call it drift.
  finalizers: undefined,
};
const deleted = {
  syncPolicy: { applicationsSync: "sync" },
  // The Application deletes what it made: a load balancer is then gone before the cluster it belongs to.
  finalizers: ["resources-finalizer.argocd.argoproj.io"],
};

/**
 * What Argo CD writes into a generator without a template of its own. It writes the whole ApplicationSet when it takes a
 * refresh's annotation away, a webhook's included; what was not there it would own, and the next `pulumi up` conflict.
 */
const noTemplate = { metadata: {}, spec: { destination: {}, project: "" } };

/**
 * Whether the autoscaler decides the number of replicas, as a condition of Go's templates: it is a range, as for the chart's
 * HorizontalPodAutoscaler. It must hold or not for every file that parses: an error would stop the whole set.
 */
const isScaled =
  'if and (kindIs "map" (get . "replicas")) (ne (toString (dig "replicas" "min" "" .)) (toString (dig "replicas" "max" "" .)))';

/** Returns the ApplicationSet: one Application for each service file of the environment. */
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
            // More often than the Applications: a new service appears, and a hold becomes a label, in a quarter of that.
            requeueAfterSeconds: Math.ceil(reconciliationSeconds / 4),
            template: noTemplate,
          },
        },
      ],
      syncPolicy,
      template: {
        metadata: {
          name: service,
          // The generator passes a file's keys on as they are; `hasKey` because a missing key would be an error.
          labels: { [holdLabel]: `{{ hasKey . "hold" }}` },
          // A commit that touches neither the chart nor the file does not render the service again.
          annotations: {
            "argocd.argoproj.io/manifest-generate-paths": `/${chartPath};${file}`,
          },
          ...(finalizers && { finalizers }),
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
          ignoreDifferences: [
            {
              ...{ group: "apps", kind: "Deployment", jsonPointers: ["/spec/replicas"] },
              // No object has this name where the number is fixed: git's number holds.
              name: `{{ ${isScaled} }}${service}{{ else }}-{{ end }}`,
            },
          ],
          syncPolicy: {
            ...syncPolicies[sync],
            managedNamespaceMetadata: { labels: namespaceLabels },
            syncOptions: [
              "CreateNamespace=true",
              "ServerSideApply=true",
              "PruneLast=true",
              // Applies the autoscaler's number instead of git's. Always: a sync keeps the options that it began with.
              "RespectIgnoreDifferences=true",
            ],
          },
        },
      },
    },
  };
}

/** The tags that each strategy accepts. */
const tagRules = {
  "newest-build": { updateStrategy: "newest-build", allowTags: `regexp:${tagPatterns.build}` },
  semver: { updateStrategy: "semver", allowTags: `regexp:${tagPatterns.release}` },
} as const;

/** Returns the ImageUpdater of an environment: for each service it writes the tag of its file to the branch. */
export function imageUpdates(
  { environment, repository, hasWriter }: Pick<GitOps, "environment" | "repository" | "hasWriter">,
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
          method: hasWriter ? `git:secret:${writerSecret.namespace}/${writerSecret.name}` : "git",
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
