import * as pulumi from "@pulumi/pulumi";
import { accountProvider, stackTags } from "./components/account.ts";
import { AppOfApps } from "./components/app-of-apps.ts";
import { ArgoCdInstall } from "./components/argocd-install.ts";
import { Cluster } from "./components/cluster.ts";
import { ClusterLogs } from "./components/cluster-logs.ts";
import { ClusterServices } from "./components/cluster-services.ts";
import { GithubAccess } from "./components/github-access.ts";
import { gitOpsOf } from "./components/gitops.ts";
import { ImageUpdater } from "./components/image-updater.ts";
import { Network } from "./components/network.ts";
import { Nodes } from "./components/nodes.ts";
import { PermissionsBoundary } from "./components/permissions-boundary.ts";
import { Registry } from "./components/registry.ts";
import { Runner } from "./components/runner.ts";
import { SyncAccess } from "./components/sync-access.ts";
import { usableZones } from "./components/zones.ts";
import { clusterNameOf } from "./config/environments.ts";
import { withoutIds } from "./lib/github-address.ts";
import { readInputs } from "./inputs.ts";

const { environment, settings, services, repositories, registryHost, ...inputs } = await readInputs(
  import.meta.dirname,
);
const gitOps = gitOpsOf(environment, settings);
const { accountId, region, profile } = settings.aws;
const { deletionProtection } = settings.cluster;
const account = accountProvider(environment, settings);
const onAws = { providers: [account] };
const runnerArgs = settings.github.runner && {
  ...settings.github.runner,
  projectName: `${clusterNameOf(environment)}-runner`,
};
const boundary = new PermissionsBoundary(
  "idp-boundary",
  { accountId, stateBackend: settings.github.stateBackend, runner: runnerArgs },
  onAws,
);
// The engine drops the dependsOn of the boundary's transform: without it a teardown deletes the boundary before the roles.
const bounded = { ...onAws, dependsOn: [boundary] };
const zones = settings.network.zones ?? (await usableZones(region, account));
const network = new Network(
  "idp-network",
  { accountId, region, ...settings.network, zones },
  bounded,
);
const { repositoryArns } = new Registry(
  "idp-registry",
  { repositories, forceDelete: !deletionProtection },
  onAws,
);
const github = new GithubAccess(
  "idp-github",
  {
    repository: settings.github.repository,
    formerly: settings.github.formerly,
    publishers: settings.github.publishers,
    branch: settings.repository.branch,
    builds: settings.images.strategy === "newest-build",
    workflowRefs: settings.github.workflowRefs ?? [`refs/heads/${settings.repository.branch}`],
    environment,
    repositoryArns,
    syncedByPeople:
      settings.argoCd.sync === "manual"
        ? { accountId, region, clusterName: clusterNameOf(environment) }
        : undefined,
    scope: boundary.scope,
  },
  bounded,
);
const logs = new ClusterLogs(
  "idp-cluster",
  { clusterName: clusterNameOf(environment), retentionDays: settings.cluster.logRetentionDays },
  { ...onAws, protect: deletionProtection },
);
const cluster = new Cluster(
  "idp-cluster",
  {
    ...settings.cluster,
    clusterName: clusterNameOf(environment),
    region,
    profile,
    vpcId: network.vpcId,
    privateSubnetIds: network.privateSubnetIds,
    logs,
    access: [
      ...settings.cluster.access,
      { name: "provision", principalArn: github.provisionRoleArn, level: "cluster-admin" },
      { name: "audit", principalArn: github.auditRoleArn, level: "admin-view" },
      { name: "preview", principalArn: github.previewRoleArn, level: "view" },
    ],
  },
  // Nodes need the gateways until the end: at teardown the network is deleted after the cluster.
  { ...onAws, dependsOn: [boundary, network], protect: deletionProtection },
);
const { clusterName, clusterArn, securityGroupId, provider } = cluster;
const runner =
  runnerArgs &&
  new Runner(
    "idp-runner",
    {
      ...runnerArgs,
      accountId,
      region,
      repository: withoutIds(settings.github.repository),
      vpcId: network.vpcId,
      privateSubnetIds: network.privateSubnetIds,
      clusterSecurityGroupId: securityGroupId,
      logRetentionDays: settings.cluster.logRetentionDays,
    },
    { ...onAws, dependsOn: [boundary, network] },
  );
const inCluster = { providers: [account, provider] };
const nodes = new Nodes(
  "idp-nodes",
  {
    ...settings.cluster.nodes,
    cluster,
    privateSubnetIds: network.privateSubnetIds,
    tags: stackTags(environment, settings),
  },
  inCluster,
);
const onNodes = { ...inCluster, dependsOn: [nodes] };
const clusterServices = new ClusterServices(
  "idp-cluster",
  { clusterName, metricsServerVersion: settings.cluster.metricsServerVersion },
  onNodes,
);
const { argoCdManifest: manifest, githubApp } = inputs;
const argoCd = new ArgoCdInstall("argocd", { ...gitOps, manifest, githubApp }, onNodes);
if (github.syncRoleArn !== undefined) {
  new SyncAccess(
    "idp-sync",
    { clusterName, principalArn: github.syncRoleArn },
    // The namespace is Argo CD's.
    { ...inCluster, dependsOn: [argoCd] },
  );
}
const imageUpdater =
  inputs.imageUpdater &&
  new ImageUpdater(
    "idp-image-updater",
    { ...inputs.imageUpdater, clusterName, clusterArn, region, registryHost, repositoryArns },
    { ...inCluster, dependsOn: [boundary, argoCd] },
  );
new AppOfApps(
  "services",
  { ...gitOps, strategy: settings.images.strategy, services },
  // At teardown the services' load balancers are deleted while their class and Argo CD still exist.
  { ...inCluster, dependsOn: [clusterServices, argoCd, ...(imageUpdater ? [imageUpdater] : [])] },
);

/** What an operator and the workflows need next. */
export default {
  clusterName,
  kubeconfig: pulumi.interpolate`aws eks update-kubeconfig --region ${region} --name ${clusterName}`,
  argoCd: "kubectl port-forward -n argocd svc/argocd-server 8443:443, then https://localhost:8443",
  registry: registryHost,
  auditRoleArn: github.auditRoleArn,
  previewRoleArn: github.previewRoleArn,
  promoteRoleArn: github.promoteRoleArn,
  provisionRoleArn: github.provisionRoleArn,
  publishRoleArns: github.publishRoleArns,
  ...(github.syncRoleArn && { syncRoleArn: github.syncRoleArn }),
  ...(runner && { runnerLabel: runner.label }),
};
