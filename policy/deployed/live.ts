import { z } from "zod";
import { argoCdNamespace } from "../../components/argocd-config.ts";
import type { Manifest } from "../rule.ts";
import { at, entriesOf, isAbsent, textOf, within } from "../values.ts";

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

/** The objects of a list that `kubectl get -o json` printed. @throws Error when it is no list */
export function liveObjects(list: unknown): Manifest[] {
  const parsed = List.safeParse(list);
  if (!parsed.success) {
    throw new Error(`what kubectl printed is not a list:\n${z.prettifyError(parsed.error)}`);
  }
  return parsed.data.items;
}

/** Objects of a cluster as the rules know them: the desired state, without what the cluster says of it. */
export function liveManifests(objects: readonly Manifest[]): Manifest[] {
  return objects.map(desired);
}

/** A whole commit id, as Argo CD writes the revision that it resolved. */
const commitId = /^[0-9a-f]{40}$/;

function desired(object: Manifest): Manifest {
  const operation = desiredOperation(object);
  return {
    ...without(object, ["status", "operation"]),
    ...(operation !== undefined && { operation }),
    metadata: without(object["metadata"], ["managedFields"]),
  };
}

/**
 * The operation under way, as far as it is judged: one that nobody started, and what names another branch or tag,
 * whoever started it. A commit is how Argo CD, its interfaces and `idp sync` write the head of the branch that is
 * followed, and no object tells whose commit it is: it stays out.
 */
function desiredOperation({ operation, spec }: Manifest): Manifest | undefined {
  if (isAbsent(operation)) return undefined;
  const sync = at(operation, "sync");
  const isCommit = commitId.test(textOf(at(sync, "revision")));
  const asked = {
    ...without(operation, ["sync"]),
    sync: without(sync, isCommit ? ["revision"] : []),
  };
  const isAutomated = at(operation, "initiatedBy", "automated") === true;
  const followed = at(spec, "source", "targetRevision");
  const namesAnother = [...within(asked)].some(
    ({ path, value }) =>
      ["revision", "targetRevision"].includes(String(path.at(-1))) && value !== followed,
  );
  return isAutomated || namesAnother ? asked : undefined;
}

function without(map: unknown, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(entriesOf(map).filter(([key]) => !keys.includes(key)));
}
