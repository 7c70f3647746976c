import { z } from "zod";

// What the process kubelet reads of the API's objects. It ignores everything else in them.

const KeyToPath = z.object({ key: z.string(), path: z.string(), mode: z.int().optional() });
const Items = z.array(KeyToPath).optional();
const ConfigMapRef = z.object({ name: z.string(), items: Items, optional: z.boolean().optional() });
const FieldRef = z.object({ fieldPath: z.string() });
const DownwardApi = z.object({
  items: z.array(z.object({ path: z.string(), fieldRef: FieldRef.optional() })).optional(),
});

const EnvVar = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .object({
      configMapKeyRef: z
        .object({ name: z.string(), key: z.string(), optional: z.boolean().optional() })
        .optional(),
      secretKeyRef: z
        .object({ name: z.string(), key: z.string(), optional: z.boolean().optional() })
        .optional(),
      fieldRef: FieldRef.optional(),
      resourceFieldRef: z.object({ resource: z.string() }).optional(),
    })
    .optional(),
});
export type EnvVar = z.infer<typeof EnvVar>;

const EnvFrom = z.object({
  prefix: z.string().optional(),
  configMapRef: z.object({ name: z.string(), optional: z.boolean().optional() }).optional(),
  secretRef: z.object({ name: z.string(), optional: z.boolean().optional() }).optional(),
});

const Port = z.union([z.int(), z.string()]);
const Probe = z.object({
  httpGet: z
    .object({ path: z.string().optional(), port: Port, scheme: z.string().optional() })
    .optional(),
  tcpSocket: z.object({ port: Port }).optional(),
  exec: z.object({ command: z.array(z.string()) }).optional(),
  initialDelaySeconds: z.int().default(0),
  periodSeconds: z.int().default(10),
  timeoutSeconds: z.int().default(1),
  successThreshold: z.int().default(1),
  failureThreshold: z.int().default(3),
});
export type Probe = z.infer<typeof Probe>;

const Container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.array(EnvVar).optional(),
  envFrom: z.array(EnvFrom).optional(),
  ports: z.array(z.object({ name: z.string().optional(), containerPort: z.int() })).optional(),
  volumeMounts: z
    .array(
      z.object({
        name: z.string(),
        mountPath: z.string(),
        subPath: z.string().optional(),
        readOnly: z.boolean().optional(),
      }),
    )
    .optional(),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).optional(),
  workingDir: z.string().optional(),
  resources: z.object({ limits: z.record(z.string(), z.string()).optional() }).optional(),
  securityContext: z.object({ readOnlyRootFilesystem: z.boolean().optional() }).optional(),
  lifecycle: z
    .object({
      preStop: z.object({ sleep: z.object({ seconds: z.int() }).optional() }).optional(),
    })
    .optional(),
  readinessProbe: Probe.optional(),
  livenessProbe: Probe.optional(),
  startupProbe: Probe.optional(),
});
export type Container = z.infer<typeof Container>;

const RestartPolicy = z.enum(["Always", "OnFailure", "Never"]);
/** Which ends of a Pod's containers are followed by another start. */
export type RestartPolicy = z.infer<typeof RestartPolicy>;

const Volume = z.looseObject({
  name: z.string(),
  configMap: ConfigMapRef.optional(),
  secret: z
    .object({ secretName: z.string(), items: Items, optional: z.boolean().optional() })
    .optional(),
  emptyDir: z
    .object({ medium: z.string().optional(), sizeLimit: z.string().optional() })
    .optional(),
  downwardAPI: DownwardApi.optional(),
  projected: z
    .object({
      sources: z.array(
        z.object({
          configMap: ConfigMapRef.optional(),
          secret: ConfigMapRef.optional(),
          downwardAPI: DownwardApi.optional(),
          serviceAccountToken: z
            .object({
              path: z.string(),
              audience: z.string().optional(),
              expirationSeconds: z.int().optional(),
            })
            .optional(),
        }),
      ),
    })
    .optional(),
});
export type Volume = z.infer<typeof Volume>;

export const Pod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
    deletionTimestamp: z.string().optional(),
    deletionGracePeriodSeconds: z.int().optional(),
  }),
  spec: z.object({
    nodeName: z.string().optional(),
    serviceAccountName: z.string().default("default"),
    containers: z.array(Container),
    initContainers: z.array(Container).default([]),
    volumes: z.array(Volume).default([]),
    restartPolicy: RestartPolicy.default("Always"),
    terminationGracePeriodSeconds: z.int().default(30),
  }),
  status: z
    .object({
      phase: z.string().optional(),
      conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    })
    .optional(),
});
export type Pod = z.infer<typeof Pod>;

export const ConfigMap = z.object({
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
  binaryData: z.record(z.string(), z.string()).default({}),
});

export const Secret = z.object({
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).default({}),
});

export const Service = z.object({
  spec: z.object({
    selector: z.record(z.string(), z.string()).optional(),
    ports: z.array(z.object({ port: z.int(), targetPort: Port.optional() })).default([]),
  }),
});
export type Service = z.infer<typeof Service>;

/** The content of a ConfigMap or Secret, by key. */
export type Content = ReadonlyMap<string, Buffer>;

/** Where containers' variables and volumes come from. */
export interface Sources {
  configMap(name: string): Content | undefined;
  secret(name: string): Content | undefined;
  /** A downward API field of the Pod, such as `metadata.namespace`. */
  field(path: string): string;
}

/** The Pod refers to something that does not exist (yet). The kubelet reports CreateContainerConfigError and retries. */
export class PodConfigError extends Error {}

/** Whether a Pod's variables or volumes come from a ConfigMap or a Secret. */
export function readsContents({ spec }: Pod): boolean {
  const volumes = spec.volumes.flatMap(({ projected, ...volume }) => [
    volume,
    ...(projected?.sources ?? []),
  ]);
  const variables = [...spec.initContainers, ...spec.containers].flatMap((container) => [
    ...(container.envFrom ?? []),
    ...(container.env ?? []).flatMap(({ valueFrom }) => valueFrom ?? []),
  ]);
  const keys = [...volumes, ...variables].flatMap((source) => Object.keys(source));
  return keys.some((key) => /^(configMap|secret)(Ref|KeyRef)?$/.test(key));
}

/** The Pod's path in the API. */
export function podPath({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
}

/** The value of a downward API field, such as `metadata.namespace`. */
export function podField(
  pod: Pod,
  path: string,
  addresses: { podIP: string; hostIP: string },
): string {
  const mapKey = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (mapKey !== null) {
    const [, map, key = ""] = mapKey;
    return (map === "labels" ? pod.metadata.labels : pod.metadata.annotations)[key] ?? "";
  }
  const fields: Record<string, string | undefined> = {
    "metadata.name": pod.metadata.name,
    "metadata.namespace": pod.metadata.namespace,
    "metadata.uid": pod.metadata.uid,
    "spec.nodeName": pod.spec.nodeName,
    "spec.serviceAccountName": pod.spec.serviceAccountName,
    "status.podIP": addresses.podIP,
    "status.podIPs": addresses.podIP,
    "status.hostIP": addresses.hostIP,
    "status.hostIPs": addresses.hostIP,
  };
  const value = fields[path];
  if (value === undefined) throw new PodConfigError(`field ${path} is not known to the twin`);
  return value;
}
