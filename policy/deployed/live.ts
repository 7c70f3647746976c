import { z } from "zod";
import { argoCdNamespace } from "../../components/argocd-config.ts";
import type { Manifest } from "../rule.ts";
import { at, entriesOf } from "../values.ts";

/**
 * What is read of a cluster: everything that decides how services get there. Custom resources count wherever they are;
 * a cluster may be without some of their kinds. Argo CD's own settings and programs are in its namespace.
 */
export const liveKinds = {
  custom: [
    "applications.argoproj.io",
    "applicationsets.argoproj.io",
    "appprojects.argoproj.io",
    "imageupdaters.argocd-image-updater.argoproj.io",
  ],
  ofArgoCd: ["configmaps", "deployments.apps", "statefulsets.apps"],
  namespace: argoCdNamespace,
} as const;

const List = z.object({ items: z.array(z.record(z.string(), z.unknown())) });

/**
 * The objects of a list that `kubectl get -o json` printed, as the rules know them: the desired state, without what the
 * cluster says of it.
 * @throws Error when it is no list
 */
export function liveManifests(list: unknown): Manifest[] {
  const parsed = List.safeParse(list);
  if (!parsed.success) {
    throw new Error(`what kubectl printed is not a list:\n${z.prettifyError(parsed.error)}`);
  }
  return parsed.data.items.map(desired);
}

function desired(object: Manifest): Manifest {
  const { operation } = object;
  // A sync that a person started is what is wanted, while it runs, too.
  const isAutomated = at(operation, "initiatedBy", "automated") === true;
  return {
    ...without(object, isAutomated ? ["status"] : ["status", "operation"]),
    metadata: without(object["metadata"], ["managedFields"]),
  };
}

function without(map: unknown, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(entriesOf(map).filter(([key]) => !keys.includes(key)));
}
