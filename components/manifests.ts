import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Manifest } from "../config/release-manifest.ts";

/**
 * Returns a transformation for a ConfigGroup that makes its objects wait for these dependencies. A ConfigGroup does not
 * pass its own `dependsOn` on to them.
 */
export function after(
  dependencies: pulumi.Input<pulumi.Input<pulumi.Resource>[]>,
): (object: unknown, options: pulumi.CustomResourceOptions) => void {
  return (_, options) => {
    options.dependsOn = dependencies;
  };
}

/** Returns the objects that a ConfigGroup makes. (Its type promises them in `ready`, which stays undefined.) */
export function madeBy(group: k8s.yaml.ConfigGroup): pulumi.Output<pulumi.Resource[]> {
  return group.resources.apply((resources) => Object.values(resources));
}

/**
 * Makes the definitions of a release's own kinds: a group of version 2, which gets them as text.
 *
 * Argo CD's definitions are 1.9 MB. As objects they cost a preview five seconds in the SDK's serialiser alone; as text
 * they go through it as one string, and the provider, a Go program, reads them.
 *
 * The alias and the empty prefix keep the identity of definitions that were made as objects: to replace a definition is
 * to delete every object of its kind, so every Application.
 * @param name the name that the group of all objects had
 */
export function definitionsOf(
  name: string,
  manifests: readonly Manifest[],
  options: pulumi.ComponentResourceOptions,
): k8s.yaml.v2.ConfigGroup {
  const list = { apiVersion: "v1", kind: "List", items: manifests.filter(isDefinition) };
  return new k8s.yaml.v2.ConfigGroup(
    name,
    { yaml: JSON.stringify(list), resourcePrefix: "" },
    { ...options, aliases: [{ type: "kubernetes:yaml:ConfigGroup" }] },
  );
}

function isDefinition({ kind }: Manifest): boolean {
  return kind === "CustomResourceDefinition";
}

/** Kinds in the release manifests that have no namespace. */
const clusterScoped = new Set(["ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"]);

/** Returns the objects with every namespaced one in `namespace`; a release leaves that choice to its user. */
export function inNamespace(manifests: readonly Manifest[], namespace: string): Manifest[] {
  return manifests.map((manifest) =>
    clusterScoped.has(manifest.kind)
      ? manifest
      : { ...manifest, metadata: { ...manifest.metadata, namespace } },
  );
}

/**
 * Returns a release in two parts, without its definitions: what its Pods need when they start, and what starts them.
 * Kubernetes starts a Pod even if an optional ConfigMap does not exist yet; the program in it would then keep its
 * defaults.
 */
export function beforeWorkloads(manifests: readonly Manifest[]): {
  readonly first: Manifest[];
  readonly workloads: Manifest[];
} {
  // A Service belongs to the second part: Pulumi waits until it leads to a Pod.
  const starts = ({ kind }: Manifest) => ["Deployment", "Service", "StatefulSet"].includes(kind);
  return {
    first: manifests.filter((manifest) => !starts(manifest) && !isDefinition(manifest)),
    workloads: manifests.filter(starts),
  };
}

/**
 * Returns the objects with entries added to ConfigMaps, which `data` has by name. They override what the release sets.
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
