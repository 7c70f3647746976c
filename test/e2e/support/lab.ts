import { execa } from "execa";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../../config/environments.ts";
import { inScratchFolder } from "../../../lib/scratch-folder.ts";
import { ociImage, platform } from "../../../twin/images/oci-image.ts";
import { pushImage } from "../../../twin/images/registry.ts";
import { requireTwin, twinAccounts, twinPaths, twinRegistry } from "../../../twin/state/twin.ts";
import { compilerFlags, findGo, linkerArgument } from "../../../twin/toolchain/go.ts";
import { kubeconfigFile } from "../../../twin/cluster/applications.ts";

const repository = "idp/lab";

/** The name of an image of the lab program in dev. */
export function labImage(tag: string): string {
  return `${twinAccounts.dev.accountId}.dkr.ecr.us-west-2.amazonaws.com/${repository}:${tag}`;
}

/** Builds the lab program (test/e2e/support/lab) and pushes it to dev under a tag, which it answers with. */
export async function pushLab(tag: string): Promise<void> {
  await inScratchFolder("lab", async (scratch) => {
    const program = join(scratch, "lab");
    const { env } = await findGo(process.env);
    await execa(
      "go",
      ["build", ...compilerFlags, linkerArgument({ "main.version": tag }), "-o", program, "."],
      {
        cwd: join(import.meta.dirname, "lab"),
        env: { ...env, GOOS: platform.os, GOARCH: platform.architecture },
        extendEnv: false,
      },
    );
    const facts = { title: repository, revision: tag, version: tag, created: new Date() };
    const image = ociImage(facts, {
      files: [{ path: "lab", mode: 0o755, data: readFileSync(program) }],
      entrypoint: ["/lab"],
      createdBy: "a test",
    });
    await pushImage(twinRegistry(requireTwin(), "dev"), repository, tag, image);
  });
}

/** Applies objects to an environment's cluster. */
export async function apply(environment: Environment, ...objects: object[]): Promise<void> {
  await execa(join(twinPaths().bin, "kubectl"), ["apply", "-f", "-"], {
    env: { KUBECONFIG: kubeconfigFile(environment) },
    input: JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }),
  });
}

/** What a lab's container is beside its image. */
export interface Lab {
  readonly tag?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly replicas?: number;
  /** Merged into the container. */
  readonly container?: object;
  readonly labels?: Readonly<Record<string, string>>;
}

const probe = (path: string, rest: object = {}) => ({
  httpGet: { path, port: "http" },
  periodSeconds: 1,
  timeoutSeconds: 1,
  failureThreshold: 2,
  ...rest,
});

/** A Pod's template with the lab program, probed as the chart probes a service. */
export function labTemplate(
  name: string,
  { tag = "one", env = {}, container, labels }: Lab,
  rest: object = {},
) {
  return {
    metadata: { labels: { app: name, ...labels } },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 10,
      containers: [
        {
          name: "lab",
          image: labImage(tag),
          ports: [{ name: "http", containerPort: 8080 }],
          env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
          resources: { requests: { cpu: "100m", memory: "32Mi" }, limits: { memory: "128Mi" } },
          readinessProbe: probe("/ready"),
          startupProbe: probe("/health", { failureThreshold: 30 }),
          livenessProbe: probe("/health"),
          lifecycle: { preStop: { sleep: { seconds: 1 } } },
          securityContext: { readOnlyRootFilesystem: true },
          volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
          ...container,
        },
      ],
      volumes: [{ name: "tmp", emptyDir: { sizeLimit: "16Mi" } }],
      ...rest,
    },
  };
}

/** A Deployment of the lab program, and its Service on port 80. */
export function labService(namespace: string, name: string, lab: Lab = {}): object[] {
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace },
      spec: {
        replicas: lab.replicas ?? 1,
        progressDeadlineSeconds: 600,
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: { app: name } },
        template: labTemplate(name, lab),
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
  ];
}
