import type { Place, Seen } from "../catalog/finding.ts";
import type { Environment } from "../config/environments.ts";
import type { Subject } from "./evaluate.ts";
import { isUnjudged, manifestOf } from "./plan.ts";
import type { Manifest, Resource, Violation } from "./rule.ts";
import { at, textOf } from "./values.ts";

/** Where a violation of a subject is shown. */
type At<P extends Place | Seen> = (violation: Violation) => P;

/**
 * What a resource is for the rules: itself, and the Kubernetes object that it makes. Of one whose inputs no rule looks at,
 * that it is there.
 */
export function resourceSubjects<P extends Place | Seen>(
  resource: Resource,
  place: At<P>,
): Subject<"resource" | "manifest", P>[] {
  if (isUnjudged(resource.type)) {
    const value = { ...resource, props: {} };
    return [{ face: "resource", value, where: kindAndName(resource), at: place }];
  }
  const manifest = manifestOf(resource);
  const where = whereOf(resource);
  return [
    { face: "resource", value: resource, where, at: place },
    ...(manifest ? [{ face: "manifest", value: manifest, where, at: place } as const] : []),
  ];
}

/** What a stack as a whole is for the rules. */
export function stackSubject<P extends Place | Seen>(
  resources: readonly Resource[],
  environment: Environment,
  place: At<P>,
): Subject<"stack", P> {
  const value = resources.filter(({ type }) => !isUnjudged(type));
  return { face: "stack", value, where: `Stack ${environment}`, at: place };
}

/** What an object in a cluster, or one that the chart renders, is called: `Application argocd/time-service`. */
export function objectName(object: Manifest): string {
  const [namespace, name] = ["namespace", "name"].map((key) => textOf(at(object, "metadata", key)));
  return `${textOf(object["kind"])} ${[namespace, name].filter(Boolean).join("/")}`;
}

/** What all that a service gets is called, its version included. */
export function releaseName(service: string): string {
  return `Release ${service}`;
}

/**
 * What a resource is called: as its object in the cluster, where it makes one whose name is known, else the last word
 * of its type and its own name: `Key idp-registry-images`. The name is the same in a plan, a state and a pull request.
 */
export function whereOf(resource: Pick<Resource, "type" | "name" | "props">): string {
  const manifest = manifestOf(resource);
  const isKnown = textOf(manifest?.["kind"]) && textOf(at(manifest, "metadata", "name"));
  return manifest && isKnown ? objectName(manifest) : kindAndName(resource);
}

/** The last word of a resource's type, and its name. */
export function kindAndName({ type, name }: Pick<Resource, "type" | "name">): string {
  return `${type.split(":").at(-1) ?? type} ${name}`;
}
