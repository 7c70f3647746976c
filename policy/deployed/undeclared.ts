import { z } from "zod";
import { argoCdNamespace } from "../../components/argocd-config.ts";
import { writerSecret } from "../../components/writer-secret.ts";
import { manifestOf } from "../plan.ts";
import type { Manifest, Resource } from "../rule.ts";
import { at, textOf } from "../values.ts";

/** An object in Argo CD's namespace: what it is, and who made it. Its content is not read: it may be a secret. */
export interface LiveObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** The objects that it is deleted with. */
  readonly owners: readonly { readonly uid: string; readonly kind: string }[];
}

/**
 * Kubernetes' own kinds that a namespace holds, but for those that only say something of others: events, leases, endpoints
 * and limits.
 */
export const builtInKinds = [
  ...["configmaps", "persistentvolumeclaims", "pods", "podtemplates", "replicationcontrollers"],
  ...["secrets", "serviceaccounts", "services"],
  ...["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"].map(
    (kind) => `${kind}.apps`,
  ),
  ...["cronjobs.batch", "jobs.batch", "horizontalpodautoscalers.autoscaling"],
  ...["ingresses.networking.k8s.io", "networkpolicies.networking.k8s.io"],
  ...["poddisruptionbudgets.policy"],
  ...["rolebindings.rbac.authorization.k8s.io", "roles.rbac.authorization.k8s.io"],
];

/** What `kubectl get customresourcedefinitions -o jsonpath` prints: the other kinds that a namespace holds, one a line. */
export const namespacedKinds = `{range .items[?(@.spec.scope=="Namespaced")]}{.metadata.name}{"\\n"}{end}`;

/** What `kubectl get -o jsonpath` prints of each object, one a line: see {@link namedObjects}. */
export const liveColumns = `{range .items[*]}${[
  "apiVersion",
  "kind",
  "metadata.name",
  "metadata.uid",
]
  .map((field) => `{.${field}}{"\\t"}`)
  .join("")}{.metadata.ownerReferences}{"\\n"}{end}`;

const Owners = z.array(z.object({ uid: z.string(), kind: z.string() }));

/** The objects in what `kubectl` printed by {@link liveColumns}. */
export function namedObjects(text: string): LiveObject[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [apiVersion = "", kind = "", name = "", uid = "", owners = ""] = line.split("\t");
      return {
        ...{ apiVersion, kind, name, uid },
        owners: owners === "" ? [] : Owners.parse(JSON.parse(owners)),
      };
    });
}

/** What is there without anybody's declaring it, by name, with who makes it. */
const madeByName: readonly { readonly kind: string; readonly name: string; readonly by: string }[] =
  [
    { kind: "ServiceAccount", name: "default", by: "Kubernetes, in every namespace" },
    { kind: "ConfigMap", name: "kube-root-ca.crt", by: "Kubernetes, in every namespace" },
    { kind: "Secret", name: "argocd-initial-admin-secret", by: "Argo CD, at its first start" },
    { kind: "Secret", name: "argocd-redis", by: "Argo CD's init container" },
    { kind: "Secret", name: writerSecret.name, by: "idp github writer-key" },
  ];

/** Which kinds an object makes beside itself. Another object that names it as its owner was not made by it. */
const makes: Readonly<Record<string, readonly string[]>> = {
  ApplicationSet: ["Application"],
  Deployment: ["ReplicaSet"],
  ReplicaSet: ["Pod"],
  StatefulSet: ["ControllerRevision", "Pod"],
};

/**
 * The objects in Argo CD's namespace that neither the stack declares nor anything accepted there makes.
 * @param resources what the stack's state holds
 */
export function undeclaredIn(
  objects: readonly LiveObject[],
  resources: readonly Resource[],
): Manifest[] {
  const declared = new Set(
    resources.flatMap((resource) => {
      const { apiVersion, kind, metadata } = manifestOf(resource) ?? {};
      if (at(metadata, "namespace") !== argoCdNamespace) return [];
      return [keyOf(textOf(apiVersion), textOf(kind), textOf(at(metadata, "name")))];
    }),
  );
  const isKnown = ({ apiVersion, kind, name }: LiveObject): boolean =>
    declared.has(keyOf(apiVersion, kind, name)) ||
    madeByName.some((made) => made.kind === kind && made.name === name);
  const byUid = new Map(objects.map((object) => [object.uid, object]));
  const isAccepted = (object: LiveObject): boolean =>
    isKnown(object) ||
    object.owners.some(({ uid, kind }) => {
      const owner = byUid.get(uid);
      return owner?.kind === kind && makes[kind]?.includes(object.kind) && isAccepted(owner);
    });
  return objects
    .filter((object) => !isAccepted(object))
    .map(({ apiVersion, kind, name }) => ({
      ...{ apiVersion, kind, metadata: { name, namespace: argoCdNamespace } },
    }));
}

/** An object by its kind, whichever version of the API it is in. */
function keyOf(apiVersion: string, kind: string, name: string): string {
  return `${apiVersion.split("/").slice(0, -1).join("/")} ${kind} ${name}`;
}
