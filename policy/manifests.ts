import type { Manifest } from "./rule.ts";
import { at, listOf, textOf, unknownValue, type Step } from "./values.ts";

/** API group of Argo CD's resources. */
export const argoCd = "argoproj.io";
/** API group of Image Updater's resources. */
export const imageUpdater = "argocd-image-updater.argoproj.io";

/** Whether an object is of a kind, or may be: what is not known could be anything. */
export function isKind(manifest: Manifest, group: string, kinds: readonly string[]): boolean {
  const { apiVersion, kind } = manifest;
  const inGroup =
    apiVersion === unknownValue || textOf(apiVersion).split("/").slice(0, -1).join("/") === group;
  return inGroup && (kind === unknownValue || kinds.includes(textOf(kind)));
}

/** Whether an object is named so, or may be. */
export function isNamed(manifest: Manifest, name: string): boolean {
  const found = at(manifest, "metadata", "name");
  return found === name || found === unknownValue;
}

/** Where each kind of workload keeps its Pod. */
const podPaths: Readonly<Record<string, readonly Step[]>> = {
  Pod: ["spec"],
  Deployment: ["spec", "template", "spec"],
  StatefulSet: ["spec", "template", "spec"],
  DaemonSet: ["spec", "template", "spec"],
  ReplicaSet: ["spec", "template", "spec"],
  Job: ["spec", "template", "spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
};

/** The Pod of a workload and the way to it; undefined for what runs none. */
export function podOf(
  manifest: Manifest,
): { readonly path: readonly Step[]; readonly spec: unknown } | undefined {
  const path = podPaths[textOf(manifest["kind"])];
  return path && { path, spec: at(manifest, ...path) };
}

/** A container of a workload and the way to it. */
export interface Container {
  readonly path: readonly Step[];
  readonly spec: unknown;
  /** Whether it runs beside the others to the end, and so serves. */
  readonly isService: boolean;
}

/** The containers of a workload, those that run before it included. */
export function containersOf(manifest: Manifest): Container[] {
  const pod = podOf(manifest);
  if (!pod) return [];
  return ["containers", "initContainers"].flatMap((key) =>
    listOf(at(pod.spec, key)).map((spec, index) => ({
      path: [...pod.path, key, index],
      spec,
      isService: key === "containers",
    })),
  );
}
