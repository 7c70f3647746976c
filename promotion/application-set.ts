import { serviceFileFindings } from "../catalog/service.ts";
import type { SetError } from "../components/argocd-status.ts";
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
