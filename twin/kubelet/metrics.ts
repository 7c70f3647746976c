import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { z } from "zod";
import type { ClusterPaths } from "../cluster/cluster.ts";
import { unlessStatus } from "../cluster/kube-api.ts";
import type { KubeApi } from "../cluster/kube-api.ts";

// Stands for metrics-server: simulated Pods use nothing, so somebody has to say what they use. Without metrics.k8s.io a
// HorizontalPodAutoscaler reports FailedGetResourceMetric, and Argo CD calls the service Degraded.

const group = "metrics.k8s.io";
const version = "v1beta1";
const base = `/apis/${group}/${version}`;

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        namespace: z.string(),
        labels: z.record(z.string(), z.string()).optional(),
        annotations: z.record(z.string(), z.string()).optional(),
      }),
      spec: z.object({
        containers: z.array(
          z.object({
            name: z.string(),
            resources: z
              .object({ requests: z.record(z.string(), z.string()).optional() })
              .optional(),
          }),
        ),
      }),
      status: z.object({ phase: z.string().optional() }).optional(),
    }),
  ),
});
type MetricsPod = z.infer<typeof Pods>["items"][number];

/** Part of its CPU request that a Pod uses when nobody says otherwise. */
const idle = 0.1;

/** Pod annotations that say what each container of a Pod uses: KWOK's own names. */
const usageAnnotations = { cpu: "kwok.x-k8s.io/usage-cpu", memory: "kwok.x-k8s.io/usage-memory" };

/**
 * What a Pod uses: what its annotations `kwok.x-k8s.io/usage-cpu` and `usage-memory` say (for trying an autoscaler), else
 * a tenth of its CPU request and 32Mi.
 */
export function podMetrics(pod: MetricsPod, now: string) {
  const { name, namespace, labels, annotations = {} } = pod.metadata;
  return {
    apiVersion: `${group}/${version}`,
    kind: "PodMetrics",
    metadata: { name, namespace, labels, creationTimestamp: now },
    timestamp: now,
    window: "30s",
    containers: pod.spec.containers.map((container) => ({
      name: container.name,
      usage: {
        cpu:
          annotations[usageAnnotations.cpu] ??
          `${Math.round(millicores(container.resources?.requests?.["cpu"] ?? "0") * idle)}m`,
        memory: annotations[usageAnnotations.memory] ?? "32Mi",
      },
    })),
  };
}

/** A CPU quantity in thousandths of a core; the API gives "250m", "2" or "1.5". */
export function millicores(quantity: string): number {
  return quantity.endsWith("m") ? Number(quantity.slice(0, -1)) : Number(quantity) * 1000;
}

/** What the API serves for a path; undefined for one that it does not know. */
export async function metricsAnswer(url: string, api: Pick<KubeApi, "get">): Promise<unknown> {
  const { pathname, search } = new URL(url, "https://127.0.0.1");
  if (pathname === base) return resourceList;
  const asked = /^(?:\/namespaces\/([^/]+))?\/pods(?:\/([^/]+))?$/.exec(
    pathname.slice(base.length),
  );
  if (!pathname.startsWith(base) || asked === null) return undefined;
  const [, namespace, name] = asked;
  const pods = `/api/v1${namespace === undefined ? "" : `/namespaces/${namespace}`}/pods${search}`;
  const now = new Date().toISOString();
  const items = Pods.parse(await api.get(pods))
    .items.filter(({ status }) => status?.phase === "Running")
    .map((pod) => podMetrics(pod, now));
  if (name !== undefined) return items.find(({ metadata }) => metadata.name === name);
  return { apiVersion: `${group}/${version}`, kind: "PodMetricsList", metadata: {}, items };
}

const resourceList = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: `${group}/${version}`,
  resources: [
    {
      name: "pods",
      singularName: "",
      namespaced: true,
      kind: "PodMetrics",
      verbs: ["get", "list"],
    },
  ],
};

/** Serves the metrics on a port of 127.0.0.1; only numbers that nobody measured are to be had there. */
export function serveMetrics(api: KubeApi, paths: ClusterPaths, port: number): void {
  const tls = {
    cert: readFileSync(paths.certificate),
    key: readFileSync(join(paths.pki, "apiserver.key")),
  };
  const server = createServer(tls, (request, response) => {
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    metricsAnswer(request.url ?? "/", api).then(
      (answer) => {
        if (answer === undefined) reply(404, { kind: "Status", status: "Failure", code: 404 });
        else reply(200, answer);
      },
      (error: unknown) => {
        reply(503, { kind: "Status", status: "Failure", code: 503, message: String(error) });
      },
    );
  });
  server.on("error", (error) => {
    console.error(`metrics: ${error.message}`);
  });
  server.listen({ host: "127.0.0.1", port });
}

/**
 * Tells the API server where metrics.k8s.io is. It reaches it by name, so the Service is one of type ExternalName, and it
 * does not verify the certificate: that is the API server's own, which has no such name in it.
 */
export async function registerMetrics(api: KubeApi, port: number): Promise<void> {
  const service = { namespace: "kube-system", name: "metrics-server" };
  const services = `/api/v1/namespaces/${service.namespace}/services`;
  await unlessStatus(
    409,
    api.create(services, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: service.name },
      spec: { type: "ExternalName", externalName: "localhost" },
    }),
  );
  await api.patch(
    `/apis/apiregistration.k8s.io/v1/apiservices/${version}.${group}?fieldManager=twin&force=true`,
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: `${version}.${group}` },
      spec: {
        group,
        version,
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { ...service, port },
      },
    },
    "apply-patch",
  );
}
