import { serviceFileFindings } from "../catalog/service.ts";
import {
  refreshAnnotation,
  setErrorOf,
  type ApplicationSet,
  type SetError,
} from "../components/argocd-status.ts";
import type { Environment } from "../config/environments.ts";
import { lineText, timeText } from "./text.ts";
import type { Snapshot } from "./workspace.ts";

/**
 * Returns one line on an environment whose ApplicationSet is in error: one file that does not parse keeps Argo CD from
 * all of them. The file may have been mended since, because Argo CD waits three minutes after an error.
 */
export function setProblem(
  environment: Environment,
  { since, message, file }: SetError,
  files: Snapshot["files"],
): string {
  const text = file === undefined ? undefined : files.get(file);
  const [fault] = file === undefined || text === undefined ? [] : serviceFileFindings(file, text);
  const reason =
    fault === undefined ? message : `${file ?? ""}:${fault.line}:${fault.column}: ${fault.message}`;
  const begun = since === "" ? "" : ` since ${timeText(new Date(since))}`;
  const first = fault === undefined ? "" : "mend that line, then ";
  return lineText(
    `${environment}'s ApplicationSet is in error${begun}: ${reason}. Meanwhile no service appears or goes there, and a new hold keeps no update from its file. Fix: ${first}npx idp refresh ${environment}`,
  );
}

/** Where an Argo CD keeps its ApplicationSet. */
export interface Sets {
  readonly read: () => Promise<ApplicationSet>;
  /** Merges a patch into it. */
  readonly patch: (patch: object) => Promise<void>;
}

/**
 * Has Argo CD read an environment's service files now, and waits until it has.
 * @param at a value that Argo CD has not seen yet
 * @returns undefined, or what keeps it from reading them
 * @throws Error when it says nothing in the time allowed
 */
export async function refreshAndWait(
  sets: Sets,
  at: string,
  { pause, looks }: { readonly pause: () => Promise<void>; readonly looks: number },
): Promise<SetError | undefined> {
  await sets.patch({ metadata: { annotations: { [refreshAnnotation]: at } } });
  let error: SetError | undefined;
  for (let look = 0; look < looks; look += 1) {
    await pause();
    const now = await sets.read();
    // It takes the annotation away when it has read every file.
    if (now.metadata.annotations?.[refreshAnnotation] === undefined) return undefined;
    error = setErrorOf(now);
  }
  if (error !== undefined) return error;
  throw new Error(
    "Argo CD has not read the service files in the time allowed. It does when it can. Fix: kubectl -n argocd logs deployment/argocd-applicationset-controller has the reason",
  );
}
