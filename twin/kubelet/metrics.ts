import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { z } from "zod";
import type { ClusterPaths } from "../cluster/cluster.ts";
import { unlessStatus } from "../cluster/kube-api.ts";
import type { KubeApi } from "../cluster/kube-api.ts";
import type { UsageWindow } from "./container-node.ts";
import { isPodAddress } from "./pod-address.ts";
import { podUsage, type PodUsage } from "./usage.ts";

// Stands for metrics-server. What containers use is measured; for simulated Pods, which use nothing, numbers are invented:
// without any a HorizontalPodAutoscaler reports FailedGetResourceMetric, and Argo CD calls the service Degraded.

const group = "metrics.k8s.io";
const version = "v1beta1";
const base = `/apis/${group}/${version}`;

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        namespace: z.string(),
        uid: z.string(),
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
      status: z.object({ phase: z.string().optional(), podIP: z.string().optional() }).optional(),
    }),
  ),
});
type MetricsPod = z.infer<typeof Pods>["items"][number];

/** Part of its CPU request that a Pod uses unless its annotations say otherwise. */
const idle = 0.1;

/** Pod annotations that set what each container uses: KWOK's own names. */
const usageAnnotations = { cpu: "kwok.x-k8s.io/usage-cpu", memory: "kwok.x-k8s.io/usage-memory" };

/**
 * The PodMetrics of a Pod: what its annotations `kwok.x-k8s.io/usage-cpu` and `usage-memory` say (for trying an
 * autoscaler), else a tenth of its CPU request and 32Mi.
 */
export function podMetrics(pod: MetricsPod, now: string) {
  const { annotations = {} } = pod.metadata;
  return {
    ...metricsOf(pod, now, "30s"),
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

/** The PodMetrics of a Pod whose containers were measured. */
export function measuredMetrics(pod: MetricsPod, now: string, { window, containers }: PodUsage) {
  return {
    ...metricsOf(pod, now, window),
    containers: Object.entries(containers).map(([name, usage]) => ({ name, usage })),
  };
}

function metricsOf(
  { metadata: { name, namespace, labels } }: MetricsPod,
  now: string,
  window: string,
) {
  return {
    apiVersion: `${group}/${version}`,
    kind: "PodMetrics",
    metadata: { name, namespace, labels, creationTimestamp: now },
    timestamp: now,
    window,
  };
}

/** Thousandths of a core in a CPU quantity, such as "250m", "2" or "1.5". */
export function millicores(quantity: string): number {
  return quantity.endsWith("m") ? Number(quantity.slice(0, -1)) : Number(quantity) * 1000;
}

/** The answer of metrics.k8s.io to a path; undefined for a path that it does not serve. */
async function metricsAnswer(
  url: string,
  api: Pick<KubeApi, "get">,
  usage: UsageWindow | undefined,
): Promise<unknown> {
  const { pathname, search } = new URL(url, "https://127.0.0.1");
  if (pathname === base) return resourceList;
  const match = /^(?:\/namespaces\/([^/]+))?\/pods(?:\/([^/]+))?$/.exec(
    pathname.slice(base.length),
  );
  if (!pathname.startsWith(base) || match === null) return undefined;
  const [, namespace, name] = match;
  const pods = `/api/v1${namespace === undefined ? "" : `/namespaces/${namespace}`}/pods${search}`;
  const now = new Date().toISOString();
  const items = Pods.parse(await api.get(pods))
    .items.filter(({ status }) => status?.phase === "Running")
    .flatMap((pod) => {
      if (!isPodAddress(pod.status?.podIP)) return [podMetrics(pod, now)];
      const used = usage && podUsage(pod.metadata.uid, usage.before, usage.after);
      return used === undefined ? [] : [measuredMetrics(pod, now, used)];
    });
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

/**
 * Serves the metrics on a port of 127.0.0.1 to whoever asks.
 * @param usage what containers used lately; undefined where none run
 */
export function serveMetrics(
  api: KubeApi,
  paths: ClusterPaths,
  port: number,
  usage: () => UsageWindow | undefined,
): void {
  const tls = {
    cert: readFileSync(paths.certificate),
    key: readFileSync(join(paths.pki, "apiserver.key")),
  };
  const server = createServer(tls, (request, response) => {
    const reply = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    metricsAnswer(request.url ?? "/", api, usage()).then(
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
 * Tells the API server where metrics.k8s.io is. The API server goes there by name, by a Service of type ExternalName. It
 * does not verify the certificate, which is its own and does not hold that name.
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
