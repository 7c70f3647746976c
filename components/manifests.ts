import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Manifest } from "../config/release-manifest.ts";

/**
 * A transformation for a ConfigGroup, which does not hand its own `dependsOn` on to the objects it makes: they are made
 * after these.
 */
export function after(
  dependencies: pulumi.Input<pulumi.Input<pulumi.Resource>[]>,
): (object: unknown, options: pulumi.CustomResourceOptions) => void {
  return (_, options) => {
    options.dependsOn = dependencies;
  };
}

/** The objects that a ConfigGroup makes. (Its `ready` stays undefined, although its type promises them there.) */
export function madeBy(group: k8s.yaml.ConfigGroup): pulumi.Output<pulumi.Resource[]> {
  return group.resources.apply((resources) => Object.values(resources));
}

/** Kinds in the release manifests that live in no namespace. */
const clusterScoped = new Set(["ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"]);

/** Puts every namespaced object into `namespace`, where the release leaves the choice to who installs it. */
export function inNamespace(manifests: readonly Manifest[], namespace: string): Manifest[] {
  return manifests.map((manifest) =>
    clusterScoped.has(manifest.kind)
      ? manifest
      : { ...manifest, metadata: { ...manifest.metadata, namespace } },
  );
}

/**
 * A release in two parts: what its Pods read or need when they start, and what starts them. Kubernetes would start a Pod
 * without an optional ConfigMap that is not there yet, and the program in it would run on its defaults for good.
 */
export function beforeWorkloads(manifests: readonly Manifest[]): {
  readonly first: Manifest[];
  readonly workloads: Manifest[];
} {
  // A Service belongs to the second part: Pulumi waits until it leads to a Pod.
  const starts = ({ kind }: Manifest) => ["Deployment", "Service", "StatefulSet"].includes(kind);
  return {
    first: manifests.filter((manifest) => !starts(manifest)),
    workloads: manifests.filter(starts),
  };
}

/**
 * Adds entries to ConfigMaps of a release, keyed by their names; what the release sets already is overridden.
 * @throws Error naming a ConfigMap that the release does not have: another version may have renamed it
 */
export function withConfig(
  manifests: readonly Manifest[],
  data: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Manifest[] {
  const patched = new Set<string>();
  const result = manifests.map((manifest) => {
    const { name } = manifest.metadata;
    const entries = manifest.kind === "ConfigMap" ? data[name] : undefined;
    if (!entries) return manifest;
    patched.add(name);
    return { ...manifest, data: { ...asObject(manifest["data"]), ...entries } };
  });
  const missing = Object.keys(data).filter((name) => !patched.has(name));
  if (missing.length > 0) {
    throw new Error(
      `The release manifest has no ConfigMap ${missing.join(", ")}. Fix: compare the release's notes with what is set here.`,
    );
  }
  return result;
}

function asObject(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}
