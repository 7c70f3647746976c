import * as aws from "@pulumi/aws";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { z } from "zod";
import { argoCdNamespace, imageUpdaterConfigMap } from "./argocd-config.ts";
import { ecrRead, podIdentityTrust } from "./iam-documents.ts";
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

const serviceAccount = "argocd-image-updater-controller";
/** Where the release mounts its configuration. */
const configFolder = "/app/config";
const loginScript = "ecr-login.sh";
const ignoreFile = "gitignore";

/** Arguments of {@link ImageUpdater}. */
export interface ImageUpdaterArgs {
  /** The release's install manifest, as read by readReleaseManifest. */
  readonly manifest: readonly Manifest[];
  readonly clusterName: pulumi.Input<string>;
  readonly clusterArn: pulumi.Input<string>;
  readonly region: string;
  /** Host name of the account's registry, as image names have it. */
  readonly registryHost: string;
  /** Where that registry answers. @default https:// and the host */
  readonly registryApiUrl?: string | undefined;
  /** ARN of each repository it may read, by its name. */
  readonly repositoryArns: ReadonlyMap<string, pulumi.Input<string>>;
  /** Seconds between two looks at the registry. */
  readonly intervalSeconds: number;
}

/** Returns the entries that this platform sets in Image Updater's ConfigMap. */
function imageUpdaterConfig(
  args: Pick<ImageUpdaterArgs, "region" | "registryHost" | "registryApiUrl" | "intervalSeconds">,
): Record<string, string> {
  const registry = {
    name: "ecr",
    prefix: args.registryHost,
    api_url: args.registryApiUrl ?? `https://${args.registryHost}`,
    ping: false,
    credentials: `ext:${configFolder}/${loginScript}`,
    // ECR's tokens are valid for 12 hours; this renews them well before.
    credsexpire: "10h",
  };
  return {
    interval: `${args.intervalSeconds}s`,
    "registries.conf": stringify({ registries: [registry] }),
    "git.commit-message-template": commitMessage,
    [loginScript]: loginCommand(args.region),
    [ignoreFile]: "*\n",
  };
}

/**
 * Image Updater's own git ignores every file that git does not track yet. Where a service file is gone when a build
 * arrives, Image Updater writes a new one with the image alone and runs `git add` on it, which git then refuses. Tracked
 * files are committed as ever.
 */
const gitSettings = {
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "core.excludesFile",
  GIT_CONFIG_VALUE_0: `${configFolder}/${ignoreFile}`,
};

/** A new tag changes nothing that a workflow makes or checks: `[skip actions]` stops GitHub from starting one. */
const commitMessage = `Deploy {{ .AppName }}{{ range .AppChanges }} {{ .NewTag }}{{ end }}

{{ range .AppChanges }}{{ .Image }}: {{ .OldTag }} -> {{ .NewTag }}
{{ end }}
[skip actions]`;

/** Returns a script that prints user:password for the registry, using the role that EKS Pod Identity gives the Pod. */
function loginCommand(region: string): string {
  return `#!/bin/sh
# The root file system is read-only, and the AWS CLI keeps a cache at home.
export HOME=/tmp
aws ecr get-authorization-token --region ${region} --output text \\
  --query 'authorizationData[0].authorizationToken' | base64 -d
`;
}

/**
 * Argo CD Image Updater from its own release manifest. It reads only the account's registry, with short-lived
 * credentials. The resource is complete when its Pod is ready.
 */
export class ImageUpdater extends pulumi.ComponentResource {
  constructor(name: string, args: ImageUpdaterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { manifest, repositoryArns, ...inputs } = args;
    super(TypeToken.ImageUpdater, name, inputs, opts);

    const trust = pulumi
      .output(args.clusterArn)
      .apply((clusterArn) =>
        podIdentityTrust({ clusterArn, namespace: argoCdNamespace, serviceAccount }),
      );
    const role = new aws.iam.Role(
      name,
      { assumeRolePolicy: pulumi.jsonStringify(trust) },
      { parent: this },
    );
    const policy = new aws.iam.RolePolicy(
      name,
      {
        role: role.name,
        policy: pulumi.jsonStringify(pulumi.all([...repositoryArns.values()]).apply(ecrRead)),
      },
      { parent: this },
    );
    const identity = new aws.eks.PodIdentityAssociation(
      name,
      {
        clusterName: args.clusterName,
        namespace: argoCdNamespace,
        serviceAccount,
        roleArn: role.arn,
      },
      { parent: this },
    );
    const definitions = definitionsOf(name, manifest, { parent: this });
    const { first, workloads } = beforeWorkloads(
      withConfig(inNamespace(manifest, argoCdNamespace), {
        [imageUpdaterConfigMap]: imageUpdaterConfig(args),
      }).map(withOwnFiles),
    );
    // EKS gives Pods their credentials when they are admitted: the association must exist before.
    const configuration = new k8s.yaml.ConfigGroup(
      `${name}-configuration`,
      { objs: first, transformations: [after([identity, policy])] },
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

/** The parts of a Deployment that {@link withOwnFiles} changes. */
const Spec = z.looseObject({
  template: z.looseObject({
    spec: z.looseObject({
      containers: z.array(z.looseObject({ env: z.array(z.unknown()).optional() })),
      volumes: z.array(
        z.looseObject({
          configMap: z
            .looseObject({ name: z.string(), items: z.array(z.unknown()).optional() })
            .optional(),
        }),
      ),
    }),
  }),
});

/**
 * Returns the manifest with the login script mounted as an executable and git's ignore file beside it (the release mounts
 * named keys only), and with git's settings as variables.
 */
function withOwnFiles(manifest: Manifest): Manifest {
  if (manifest.kind !== "Deployment") return manifest;
  const spec = Spec.parse(manifest["spec"]);
  const { containers, volumes } = spec.template.spec;
  for (const { configMap: source } of volumes) {
    if (source?.name !== imageUpdaterConfigMap) continue;
    source.items = [
      ...(source.items ?? []),
      { key: loginScript, path: loginScript, mode: 0o555 },
      { key: ignoreFile, path: ignoreFile },
    ];
  }
  for (const container of containers) {
    container.env = [
      ...(container.env ?? []),
      ...Object.entries(gitSettings).map(([name, value]) => ({ name, value })),
    ];
  }
  return { ...manifest, spec };
}
