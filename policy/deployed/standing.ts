import { isGone, parseApplicationSet, setErrorOf } from "../../components/argocd-status.ts";
import { argoCd, isKind } from "../manifests.ts";
import type { Manifest } from "../rule.ts";
import { objectName } from "../subjects.ts";
import { at, listOf, textOf } from "../values.ts";
import type { Change } from "./changes.ts";

/** What Argo CD says of its objects that no rule can: {@link unreadIn} and {@link goneIn} judge their status. */

/** The ApplicationSets that cannot read their service files. @param objects as the cluster has them */
export function unreadIn(objects: readonly Manifest[]): Change[] {
  return objects.flatMap((object) => {
    if (!isKind(object, argoCd, ["ApplicationSet"])) return [];
    const error = setErrorOf(parseApplicationSet(object));
    if (error === undefined) return [];
    const since = error.since === "" ? "" : `since ${error.since} `;
    return [{ where: objectName(object), message: `${since}cannot read them: ${error.message}` }];
  });
}

/** The Applications whose service was synced, and is gone. @param objects as the cluster has them */
export function goneIn(objects: readonly Manifest[]): Change[] {
  return objects.flatMap((object) => {
    if (!isKind(object, argoCd, ["Application"])) return [];
    const status = object["status"];
    const operation = at(status, "operationState");
    const finishedAt = textOf(at(operation, "finishedAt"));
    const standing = {
      health: { status: textOf(at(status, "health", "status")) },
      summary: { images: listOf(at(status, "summary", "images")).map(textOf) },
      history: listOf(at(status, "history")),
      reconciledAt: textOf(at(status, "reconciledAt")),
      operationState: { phase: textOf(at(operation, "phase")), ...(finishedAt && { finishedAt }) },
    };
    return isGone(standing)
      ? [{ where: objectName(object), message: "what was synced of it is gone" }]
      : [];
  });
}
