import type { Place, Seen } from "../catalog/finding.ts";
import type { Subject } from "./evaluate.ts";
import type { Face } from "./rule.ts";

/**
 * Which kinds of subject are looked at where: in a plan or an update by the pack, in a pull request by `idp check`, in
 * what is deployed by `idp audit`. What each of them makes has this type, so policy/README.md can be made from it.
 */
export const doors = {
  pack: ["resource", "manifest", "stack"],
  check: ["resource", "manifest", "stack", "settings", "workload", "release", "version"],
  audit: ["resource", "manifest", "stack", "undeclared"],
} as const satisfies Readonly<Record<string, readonly Face[]>>;

/** A place where rules are asked. */
type Door = keyof typeof doors;

/** A subject that a door makes. */
export type SubjectAt<D extends Door, At extends Place | Seen> = Subject<
  (typeof doors)[D][number],
  At
>;
