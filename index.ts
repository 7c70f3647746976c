import * as pulumi from "@pulumi/pulumi";
import { accountProvider } from "./components/account.ts";
import { AppOfApps } from "./components/app-of-apps.ts";
import { ArgoCdInstall } from "./components/argocd-install.ts";
import { Cluster } from "./components/cluster.ts";
import { GithubAccess } from "./components/github-access.ts";
import { ImageUpdater } from "./components/image-updater.ts";
import { Network } from "./components/network.ts";
import { PermissionsBoundary } from "./components/permissions-boundary.ts";
import { Registry } from "./components/registry.ts";
import { readInputs } from "./config/inputs.ts";

const { environment, settings, services, registryHost, ...inputs } = await readInputs(
  import.meta.dirname,
);
const { aws, argoCd, repository } = settings;
const account = accountProvider(environment, settings);
const onAws = { providers: [account] };
const { scope } = new PermissionsBoundary("idp-boundary", aws, onAws);
const network = new Network("idp-network", { ...aws, ...settings.network }, onAws);
const registry = new Registry("idp-registry", inputs, onAws);
const { repositoryArns } = registry;
const github = new GithubAccess(
  "idp-github",
  { ...settings.github, environment, repositoryArns, scope },
  onAws,
);
const cluster = new Cluster(
  "idp-cluster",
  {
    ...aws,
    ...settings.cluster,
    clusterName: `idp-${environment}`,
    network,
    access: [
      ...settings.cluster.access,
      { name: "provision", principalArn: github.provisionRoleArn, level: "cluster-admin" },
      { name: "preview", principalArn: github.previewRoleArn, level: "view" },
    ],
  },
  // Nodes need the gateways to the last: at teardown the network goes after the cluster.
  { ...onAws, dependsOn: [network] },
);

const { clusterName } = cluster;
const inCluster = { providers: [account, cluster.provider] };
const argoCdInstall = new ArgoCdInstall(
  "argocd",
  {
    ...argoCd,
    manifest: inputs.argoCdManifest,
    repositoryUrl: repository.url,
    githubApp: inputs.githubApp,
  },
  inCluster,
);
const imageUpdater =
  inputs.imageUpdater &&
  new ImageUpdater(
    "idp-image-updater",
    { ...aws, ...inputs.imageUpdater, clusterName, registryHost, repositoryArns },
    { ...inCluster, dependsOn: [argoCdInstall] },
  );
new AppOfApps(
  "services",
  { ...argoCd, environment, repository, strategy: settings.images.strategy, services },
  { ...inCluster, dependsOn: imageUpdater ? [argoCdInstall, imageUpdater] : [argoCdInstall] },
);

/** What an operator and the workflows need next. */
export default {
  clusterName,
  kubeconfig: pulumi.interpolate`aws eks update-kubeconfig --region ${aws.region} --name ${clusterName}`,
  argoCd: "kubectl port-forward -n argocd svc/argocd-server 8443:443, then https://localhost:8443",
  registry: registryHost,
  previewRoleArn: github.previewRoleArn,
  provisionRoleArn: github.provisionRoleArn,
  publishRoleArns: github.publishRoleArns,
};
