import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { containerRequests } from "../config/argocd-requests.ts";
import type { GithubApp } from "../config/schema.ts";
import { argoCdConfig, argoCdNamespace } from "./argocd-config.ts";
import {
  after,
  beforeWorkloads,
  definitionsOf,
  inNamespace,
  madeBy,
  withConfig,
} from "./manifests.ts";
import type { Manifest } from "../config/release-manifest.ts";
import { TypeToken } from "./type-token.ts";
import { budgetsFor, withRequests } from "./workload-defaults.ts";

/** Arguments of {@link ArgoCdInstall}. */
export interface ArgoCdInstallArgs {
  /** The release's install manifest, plain or HA, as read by readReleaseManifest. */
  readonly manifest: readonly Manifest[];
  /** Seconds between two looks at git; up to half as much again is added at random. */
  readonly reconciliationSeconds: number;
  /** The repository that is watched. */
  readonly repository: { readonly url: string };
  /** Credentials that read a private repository. @default none: the repository is public */
  readonly githubApp?: pulumi.Output<GithubApp> | undefined;
}

/**
 * Argo CD from its own release manifest. The resource is complete when its Pods are ready.
 *
 * ### Cost
 * What config/argocd-requests.ts asks the nodes for: 0.5 vCPU and 1.2 GiB, 1 vCPU and 2.1 GiB with high availability.
 */
export class ArgoCdInstall extends pulumi.ComponentResource {
  constructor(name: string, args: ArgoCdInstallArgs, opts?: pulumi.ComponentResourceOptions) {
    // A component's inputs are stored in the state; a manifest of two megabytes and a secret do not belong there.
    const { manifest, githubApp, reconciliationSeconds, repository } = args;
    super(TypeToken.ArgoCdInstall, name, { reconciliationSeconds, repository }, opts);

    const namespace = new k8s.core.v1.Namespace(
      name,
      {
        metadata: {
          name: argoCdNamespace,
          labels: { "pod-security.kubernetes.io/enforce": "baseline" },
        },
      },
      { parent: this },
    );
    if (githubApp) {
      new k8s.core.v1.Secret(`${name}-repository`, repositorySecret(repository.url, githubApp), {
        parent: this,
        dependsOn: [namespace],
      });
    }
    const definitions = definitionsOf(name, manifest, { parent: this });
    const configured = withConfig(
      inNamespace(manifest, argoCdNamespace),
      argoCdConfig(reconciliationSeconds),
    );
    const { first, workloads } = beforeWorkloads([
      ...withRequests(configured, containerRequests),
      ...budgetsFor(configured),
    ]);
    const configuration = new k8s.yaml.ConfigGroup(
      `${name}-configuration`,
      { objs: first, transformations: [after([namespace])] },
      { parent: this },
    );
    new k8s.yaml.ConfigGroup(
      `${name}-workloads`,
      {
        objs: workloads,
        transformations: [after(madeBy(configuration).apply((made) => [...made, definitions]))],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

function repositorySecret(
  url: string,
  githubApp: pulumi.Output<GithubApp>,
): k8s.core.v1.SecretArgs {
  return {
    metadata: {
      name: "repository",
      namespace: argoCdNamespace,
      labels: { "argocd.argoproj.io/secret-type": "repository" },
    },
    stringData: {
      type: "git",
      url,
      githubAppID: githubApp.appId,
      githubAppInstallationID: githubApp.installationId,
      githubAppPrivateKey: githubApp.privateKey,
    },
  };
}
